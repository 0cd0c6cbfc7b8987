/**
 * Multiply-adds that have to be executed when what is zero is passed over, counted on data and not promised:
 *
 *   a zero in what a product reads       spares the weights that it would meet
 *   a zero that the product's result is multiplied by    spares the row that would have made the result
 *
 * Finding the zeros is counted nowhere, nor is what an irregular access costs; `npm run bench -- sparsity` has that.
 */
import type { Tensor } from '../../base/tensor.ts';
import { Table } from '../../display/table.ts';
import type { Step } from '../../engine/trace.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { feedsOf } from '../../model/feeds.ts';

export interface ExecutedRow {
  readonly site: string;
  readonly dense: number;
  readonly executed: number;
  /** What the zeros are in: `input`, `result`, both, or nothing. */
  readonly spared: string;
  readonly [column: string]: string | number;
}

/** A row a product, and the sums. */
export class Executed extends Table<ExecutedRow> {
  readonly dense: number;
  readonly executed: number;

  constructor(rows: readonly ExecutedRow[]) {
    const sum = (of: (row: ExecutedRow) => number) => rows.reduce((total, row) => total + of(row), 0);
    const [dense, executed] = [sum(row => row.dense), sum(row => row.executed)];
    super(
      rows,
      `${executed.toLocaleString('en')} of ${dense.toLocaleString('en')} multiply-adds, ${(100 * (executed / dense)).toPrecision(3)} %`,
    );
    [this.dense, this.executed] = [dense, executed];
  }
}

/** Moves numbers about without mixing them. */
const MOVES = /^(Reshape|Identity|Transpose|Squeeze|Unsqueeze|Flatten|Cast)$/;

/**
 * Counts the multiply-adds of every product with weights, beside those that are left where zeros are passed over. Of
 * matrix products the count is exact; of a convolution it is its share of non-zero inputs, padding left aside.
 * @param inputs as for `model.run`: what is counted is this very data
 * @example
 * const sparse = gpt.edit(sparsity.topK('blocks.1.mlp.post', { k: 4 }))
 * const { dense, executed } = await sparsity.executed(sparse, { tokens })
 */
export async function executed(model: Model, inputs: Inputs): Promise<Executed> {
  const feeds = feedsOf(inputs, model.graph, model.sites);
  const dims = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  const { steps } = model.trace(dims).trace;
  const products = steps.filter(
    ({ rule, inputs: [, weight] }) => rule.multiplyAdds !== undefined && weight?.value !== undefined,
  );
  const uses = usesOf(steps);
  const plans = products.map(step => ({
    step,
    reads: step.inputs[0]!.name,
    multiplied: multiplierOf(step, uses),
  }));
  const names = [
    ...new Set(plans.flatMap(({ reads, multiplied }) => [reads, ...(multiplied ? [multiplied] : [])])),
  ];
  const { sites } = await model.run(inputs, { read: names, outputs: [] });
  const values = new Map(names.map(name => [name, sites[model.sites.get(name).name] ?? sites[name]]));
  return new Executed(
    plans.map(({ step: { node, rule, inputs, outputs }, reads, multiplied }) => {
      const call = {
        op: node.op,
        site: node.name,
        inputs,
        attributes: node.attributes,
        outputCount: outputs.length,
      };
      const dense = rule.multiplyAdds!(call, outputs);
      const [x, gate] = [values.get(reads), multiplied === undefined ? undefined : values.get(multiplied)];
      const shares = { input: nonZero(x), result: nonZero(gate) };
      const spared = Object.entries(shares).flatMap(([where, share]) => (share < 1 ? [where] : []));
      return {
        site: model.sites.owner(outputs[0].name) ?? outputs[0].name,
        dense,
        executed: Math.round(dense * shares.input * shares.result),
        spared: spared.join(' and '),
      };
    }),
  );
}

const nonZero = (value: Tensor | undefined): number => {
  if (!value) return 1;
  const numbers = value.toFloat32OrWider();
  let count = 0;
  for (let i = 0; i < numbers.length; i++) if (numbers[i] !== 0) count++;
  return count / numbers.length;
};

/** Who reads a value. */
function usesOf(steps: readonly Step[]): Map<string, Step[]> {
  const uses = new Map<string, Step[]>();
  for (const step of steps)
    for (const input of step.inputs) {
      if (!input) continue;
      const known = uses.get(input.name) ?? [];
      known.push(step);
      uses.set(input.name, known);
    }
  return uses;
}

/**
 * The value that a product's result is multiplied by, entry by entry, where that is all that becomes of it: in a gated
 * MLP, the gate of `up`. A bias between them changes nothing: what is multiplied by zero need not be known.
 */
function multiplierOf(
  { outputs: [result] }: Step,
  uses: ReadonlyMap<string, readonly Step[]>,
): string | undefined {
  for (let at = result; ;) {
    const [user, ...others] = uses.get(at.name) ?? [];
    if (!user || others.length) return undefined;
    const [output] = user.outputs;
    const other = user.inputs.find(input => input !== undefined && input.name !== at.name);
    if (user.node.op === 'Mul')
      return other && other.value === undefined && String(other.dims) === String(at.dims)
        ? other.name
        : undefined;
    const biased = user.node.op === 'Add' && other?.value !== undefined;
    if (!MOVES.test(user.node.op) && !biased) return undefined;
    at = output;
  }
}
