/** How far a changed model is from the one it was made of, on data: of what an edit costs, the exact part. */
import { NeuronbookError, ShapeError } from '../base/errors.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { batchesOf, type HarvestData } from '../model/harvest.ts';
import type { Model } from '../model/model.ts';

export interface DivergenceOptions {
  /** The output with the scores, classes along its last axis. */
  output?: string;
  /** The entry of the batch with the right answers, where losses are wanted: one for each row of scores. */
  label?: string;
  /** Positions that count, where the scores have a position axis: all from this one on. */
  from?: number;
  batch?: number;
  batches?: number;
  seed?: number | string;
}

export interface Divergence {
  /** KL(model ‖ other) = Σ p·(ln p − ln q), mean over rows, in nats. */
  readonly kl: number;
  /** Share of rows whose likeliest class is the same. */
  readonly agree: number;
  /** Rows of scores that were compared. */
  readonly rows: number;
  /** Mean −ln p of the right answers, of the model and of the other one; where a label is given. */
  readonly loss?: number;
  readonly otherLoss?: number;
  /** Share of rows whose likeliest class is right; where a label is given. */
  readonly right?: number;
  readonly otherRight?: number;
}

/**
 * Compares what two models say, row by row, in double precision: 0 where they are the same.
 * @throws ShapeError where their outputs differ in dims; NeuronbookError where there is no data
 * @example (await divergence(gpt, gpt.edit(ablate('blocks.1.mlp.out')), { tokens })).kl
 */
export async function divergence(
  model: Model,
  other: Model,
  data: HarvestData,
  { output = 'logits', label, from = 0, batch = 32, batches, seed = 0 }: DivergenceOptions = {},
): Promise<Divergence> {
  const sums = { kl: 0, agree: 0, rows: 0, loss: 0, otherLoss: 0, right: 0, otherRight: 0 };
  for await (const each of batchesOf(data, batch, batches, seed)) {
    const inputs = Object.fromEntries(
      model.graph.inputs.flatMap(({ name }) => (each[name] ? [[name, each[name]] as const] : [])),
    );
    const scores = async (of: Model) =>
      Object.values((await of.run(inputs, { outputs: [output] })).outputs)[0];
    const [own, its] = [await scores(model), await scores(other)];
    if (!sameDims(own.dims, its.dims))
      throw new ShapeError(
        `outputs of ${formatDims(own.dims)} and ${formatDims(its.dims)}; expected the same`,
      );
    if (label !== undefined && !each[label])
      throw new NeuronbookError(`the batch has no ${label}; it has ${Object.keys(each).join(', ')}`);
    add(sums, own, its, from, label === undefined ? undefined : each[label].toNumbers());
  }
  const { rows } = sums;
  if (!rows) throw new NeuronbookError('no rows to compare; expected data with positions from `from` on');
  const mean = (sum: number) => sum / rows;
  return {
    kl: mean(sums.kl),
    agree: mean(sums.agree),
    rows,
    ...(label !== undefined && {
      loss: mean(sums.loss),
      otherLoss: mean(sums.otherLoss),
      right: mean(sums.right),
      otherRight: mean(sums.otherRight),
    }),
  };
}

function add(
  sums: Record<keyof Required<Divergence>, number>,
  own: Tensor,
  its: Tensor,
  from: number,
  labels: readonly number[] | undefined,
): void {
  const { dims } = own;
  const classes = dims[dims.length - 1];
  const positions = dims.length > 2 ? dims[dims.length - 2] : 1;
  const [a, b] = [own.toFloat32OrWider(), its.toFloat32OrWider()];
  for (let row = 0; row < a.length / classes; row++) {
    if (row % positions < from && dims.length > 2) continue;
    const [first, second] = [a, b].map(scores => logSumExp(scores, row * classes, classes));
    let kl = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      const [p, q] = [a[i] - first.total, b[i] - second.total];
      kl += Math.exp(p) * (p - q);
    }
    sums.kl += kl;
    sums.agree += Number(first.best === second.best);
    sums.rows++;
    if (!labels) continue;
    const right = labels[row];
    sums.loss += first.total - a[row * classes + right];
    sums.otherLoss += second.total - b[row * classes + right];
    sums.right += Number(first.best === right);
    sums.otherRight += Number(second.best === right);
  }
}

/** ln Σ eˣ = max + ln Σ e^(x − max), and where the maximum is. */
function logSumExp(scores: ArrayLike<number>, from: number, count: number): { total: number; best: number } {
  let best = 0;
  for (let i = 1; i < count; i++) if (scores[from + i] > scores[from + best]) best = i;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp(scores[from + i] - scores[from + best]);
  return { total: scores[from + best] + Math.log(sum), best };
}
