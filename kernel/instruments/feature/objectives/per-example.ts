/** Many objectives on one batch: each sees its own row. */
import { tensor } from '../../../base/tensor.ts';
import { constant, reshape } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import type { Objective, Reading } from '../../../model/objective.ts';

/** Each objective on its own example of a batch: objective b sees row b of every site. One number each, dims [1]. */
export function perExample(objectives: readonly Objective[]): (read: Reading) => Var[] {
  return read => {
    const rows = new Map<string, readonly Var[]>();
    const values = (site: string): readonly Var[] => {
      const known = rows.get(site);
      if (known) return known;
      const value = read.value(site);
      const made =
        objectives.length === 1
          ? [value]
          : value.trace.apply(
              'Split',
              [value, constant(value.trace, tensor(new BigInt64Array(objectives.length).fill(1n)))],
              { axis: 0n },
              { outputs: objectives.length },
            );
      rows.set(site, made);
      return made;
    };
    const describe = (site: string) => read.describe(site);
    return objectives.map((objective, index) => {
      const value = (site: string) => values(site)[index];
      return reshape(objective.build({ describe, value, examples: { index, values } }), [1]);
    });
  };
}
