/**
 * Operators that do something else in training than in use, recorded in their training form:
 * BatchNormalization by the statistics of the batch, which also move its running ones, and Dropout with a mask.
 */
import { floatOf } from '../engine/attributes.ts';
import { add, div, mul, reduceMean, reduceSum, reshape, sqrt, sub } from '../engine/functions.ts';
import { batchNorm } from '../engine/functions-spatial.ts';
import { Trace } from '../engine/trace.ts';
import type { ApplyOptions, Var } from '../engine/var.ts';
import type { Attributes, Graph } from '../onnx/graph.ts';
import { laidOut, type Parameter } from './parameters.ts';

/** Prefix of the inputs that masks are fed to. */
export const MASK = 'train/mask/';

/**
 * The running statistics that training moves, end to end: those of batch normalizations with a trained gain or
 * offset. One that is frozen keeps them, and normalizes by them: what is trained behind it sees what it always saw.
 */
export function statisticsOf(graph: Graph, parameters: readonly Parameter[]): Parameter[] {
  const trained = new Set(parameters.map(({ name }) => name));
  const moving = graph.nodes.filter(
    ({ op, domain, inputs }) =>
      op === 'BatchNormalization' &&
      domain === '' &&
      (trained.has(inputs[1]) || trained.has(inputs[2])) &&
      graph.constants.has(inputs[3]) &&
      graph.constants.has(inputs[4]),
  );
  return laidOut(graph, [...new Set(moving.flatMap(({ inputs }) => [inputs[3], inputs[4]]))]);
}

export class TrainingTrace extends Trace {
  /** The moved statistics after this step, by the var that they move. */
  readonly moved = new Map<Var, Var>();
  /** By mask, the share of elements that is kept. */
  readonly kept: Record<string, number> = {};
  private readonly moving = new Set<Var>();

  /** Normalizations that read these statistics move them. */
  move(statistics: Iterable<Var>): void {
    for (const each of statistics) this.moving.add(each);
  }

  override apply(
    op: string,
    inputs: readonly (Var | undefined)[],
    attributes: Attributes = {},
    options: ApplyOptions = {},
  ): Var[] {
    const form = options.domain ? undefined : this.form(op, inputs, attributes, options);
    if (!form) return super.apply(op, inputs, attributes, options);
    const { outputs = 1, name } = options;
    const [label] = typeof outputs === 'number' ? [undefined] : outputs;
    return label ? super.apply('Identity', [form], {}, { name, outputs: [label] }) : [form];
  }

  private form(
    op: string,
    inputs: readonly (Var | undefined)[],
    attributes: Attributes,
    { name = '', outputs = 1 }: ApplyOptions,
  ): Var | undefined {
    if (op === 'BatchNormalization' && this.moving.has(inputs[3]!) && this.moving.has(inputs[4]!))
      return this.normalized(inputs as Var[], attributes);
    const single =
      typeof outputs === 'number' ? outputs === 1 : outputs.slice(1).every(label => label === '');
    if (op === 'Dropout' && single) return this.dropped(inputs as Var[], name);
    return undefined;
  }

  /** The running statistics follow those of the batch: ρ′ = mρ + (1 − m)·batch. */
  private normalized([x, gain, offset, mean, variance]: readonly Var[], attributes: Attributes): Var {
    const now = batchNormalized(x, gain, offset, floatOf(attributes, 'epsilon', 1e-5));
    const momentum = floatOf(attributes, 'momentum', 0.9);
    const follow = (old: Var, value: Var) => add(mul(old, momentum), mul(value, 1 - momentum));
    this.moved.set(mean, follow(mean, now.mean));
    // as estimated without bias: v·n/(n − 1)
    this.moved.set(variance, follow(variance, mul(now.variance, now.count / Math.max(1, now.count - 1))));
    return now.y;
  }

  /** y = x·mask, where the mask is 0 with the node's ratio and 1/(1 − ratio) elsewhere: the mean stays. */
  private dropped([x, ratio]: readonly (Var | undefined)[], site: string): Var {
    const share = ratio?.value?.toNumbers()[0] ?? 0.5;
    if (share === 0) return x!;
    const mask = `${MASK}${site || this.fresh('dropout')}`;
    this.kept[mask] = 1 - share;
    return mul(x!, this.input(mask, 'float32', x!.dims));
  }
}

/**
 * y = γ(x − μ)·r + β, r = 1/√(v + ε), with mean μ and variance v of each channel over the `count` elements it has in
 * this batch. The gradient is written out, which takes half the passes over x that the ops' own gradients would.
 * @see https://arxiv.org/abs/1502.03167 algorithm 1
 */
export function batchNormalized(x: Var, gain: Var, offset: Var, epsilon: number) {
  const others = x.dims.map((_, axis) => axis).filter(axis => axis !== 1);
  const count = others.reduce((product, axis) => product * x.dims[axis], 1);
  const wide = (perChannel: Var) => reshape(perChannel, [x.dims[1], ...others.slice(1).map(() => 1)]);
  let parts: Record<'mean' | 'variance' | 'centred' | 'root', Var>;
  const y = x.trace.custom(
    [x, gain, offset],
    () => {
      const mean = reduceMean(x, others);
      const centred = sub(x, wide(mean));
      const variance = reduceMean(mul(centred, centred), others);
      const root = div(1, sqrt(add(variance, epsilon)));
      parts = { mean, variance, centred, root };
      return batchNorm(x, gain, offset, mean, variance, epsilon);
    },
    // ∂β = Σ dy,  ∂γ = r·Σ dy·(x − μ),  ∂x = γr·(dy − ∂β/n − (x − μ)·r·∂γ/n)
    dy => {
      const { centred, root } = parts;
      const dOffset = reduceSum(dy, others);
      const dGain = mul(reduceSum(mul(dy, centred), others), root);
      const scale = mul(gain, root);
      const slope = mul(mul(scale, root), div(dGain, count));
      const level = div(mul(scale, dOffset), count);
      return [sub(sub(mul(dy, wide(scale)), mul(centred, wide(slope))), wide(level)), dGain, dOffset];
    },
  );
  const { mean, variance } = parts!;
  return { y, mean, variance, count };
}
