/** An objective looked at row by row: each row of a batch is one example to it. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import { concat, reshape, split } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import type { Objective, Reading } from '../../model/objective.ts';

/**
 * The scores of all rows, [rows]. The objective sees each row as a batch of one.
 * @throws ShapeError where a site that it reads does not have the rows along its first axis
 */
export function scoresOf(objective: Objective, read: Reading, rows: number): Var {
  const parts = new Map<string, readonly Var[]>();
  const partsOf = (site: string): readonly Var[] => {
    const known = parts.get(site);
    if (known) return known;
    const value = read.value(site);
    if (rows > 1 && value.dims[0] !== rows)
      throw new ShapeError(
        `${site} is ${formatDims(value.dims)} for a batch of ${rows}; expected ${rows} along its first axis`,
      );
    const made = rows === 1 ? [value] : split(value, new Array<number>(rows).fill(1), 0);
    parts.set(site, made);
    return made;
  };
  const scores = Array.from({ length: rows }, (_, row) =>
    reshape(
      objective.build({ describe: site => read.describe(site), value: site => partsOf(site)[row] }),
      [1],
    ),
  );
  return concat(scores, 0);
}
