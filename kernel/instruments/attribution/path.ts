/**
 * Attributions along the straight path from a baseline x′ to the input x: integrated gradients at the place where
 * the path runs, conductance at a layer that it passes. All points of the path run as one batch.
 */
import type { TensorLike } from '../../base/tensor.ts';
import { NeuronbookError } from '../../base/errors.ts';
import { sizeOf } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { constant, mul, reduceSum } from '../../engine/functions.ts';
import { gradients, vjp } from '../../engine/grad.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { factsOf } from './facts.ts';
import { gradientBuild } from './gradients.ts';
import { floats, sumsOf, type Numbers } from './numbers.ts';
import { quadrature, type Quadrature } from './quadrature.ts';
import { Attribution } from './result.ts';
import { Subject, type Answered, type Asked, type Batched, type Build, type Row } from './subject.ts';

export interface PathOptions extends Asked, Batched {
  /**
   * Where the path begins: a number, something that broadcasts to the site, or other inputs, whose values at the
   * site are taken: `{ tokens: padding }`.
   */
  baseline?: number | TensorLike | Inputs;
  /** Points on the path. */
  steps?: number;
  rule?: Quadrature;
}

/** A row on the path: x′ + α·(x − x′). */
interface Point extends Row {
  readonly step: number;
}

function pathOf(subject: Subject, baseline: Numbers, alphas: readonly number[]): Point[] {
  const size = subject.rowSize;
  return subject.own.flatMap(({ example }) => {
    const own = subject.valueOf(example) as Float32Array;
    const from = baseline.subarray(example * size, (example + 1) * size) as Float32Array;
    return alphas.map((alpha, step): Point => ({
      example,
      step,
      fill(into) {
        for (let i = 0; i < size; i++) into[i] = from[i] + alpha * (own[i] - from[i]);
      },
    }));
  });
}

/** The points of the rule, then both ends of the path, whose scores the attribution has to account for. */
async function along(model: Model, inputs: Inputs, options: PathOptions, points?: number) {
  const { baseline = 0, steps = 50, rule = 'gauss-legendre' } = options;
  if (!Number.isInteger(steps) || steps < 1)
    throw new NeuronbookError(`steps: ${steps}; expected a whole number from 1`);
  const subject = await Subject.of(model, inputs, options);
  const from = await subject.filled(baseline, 'baseline');
  const { alphas, weights } = quadrature(rule, points ?? steps);
  const rows = pathOf(subject, from, [...alphas, 0, 1]);
  const { scores, note } = ends(subject.examples, alphas.length);
  // the ends ride along in the last batch: one graph, one size
  return {
    subject,
    from,
    weights,
    rows,
    scores,
    note,
    options: { ...options, batch: fitting(rows.length, options.batch) },
  };
}

/** Collects f(x′) and f(x). */
function ends(examples: number, inner: number) {
  const scores = Array.from({ length: examples }, () => [NaN, NaN]);
  const note = ({ rows, results }: Answered) =>
    (rows as readonly Point[]).forEach(({ example, step }, r) => {
      if (step >= inner) scores[example][step - inner] = Number(results.score.data[r]);
    });
  return { scores, note };
}

/** Everything at once up to 64 rows, else batches of nearly equal size. */
const fitting = (rows: number, batch?: number): number => batch ?? Math.ceil(rows / Math.ceil(rows / 64));

/** Σ attribution − (f(x) − f(x′)), one for each example. */
const deltas = (
  value: ReturnType<typeof floats>['value'],
  scores: readonly (readonly number[])[],
): number[] => sumsOf(value).map((sum, i) => sum - (scores[i][1] - scores[i][0]));

/**
 * Integrated gradients: (x − x′)·∫₀¹ ∂f/∂x (x′ + α(x − x′)) dα. They add up to f(x) − f(x′); `delta` says how far
 * the sum over steps is off.
 * @param given `baseline` x′, zero where left out; `rule`: how the integral becomes a sum
 * @returns an `Attribution` with `delta`, one for each example
 * @throws ShapeError on a baseline that does not fit; NameError, OpError as `saliency`
 * @see https://arxiv.org/abs/1703.01365 (Sundararajan, Taly & Yan 2017, equation 1)
 * @example
 * const blame = await attribution.integratedGradients(model, { image }, { of: pick('logits', [0, 3]), baseline: 0.5 })
 * display(blame.delta)
 */
export async function integratedGradients(
  model: Model,
  inputs: Inputs,
  given: PathOptions,
): Promise<Attribution> {
  const { subject, from, weights, rows, scores, note, options } = await along(model, inputs, given);
  const { data, value } = floats(subject.value);
  const size = subject.rowSize;
  for await (const answer of subject.ask(rows, 'gradient', gradientBuild(), options)) {
    note(answer);
    const gradient = answer.results.gradient.data as Float32Array;
    (answer.rows as readonly Point[]).forEach(({ example, step }, r) => {
      const weight = weights[step] ?? 0;
      if (weight) for (let i = 0; i < size; i++) data[example * size + i] += weight * gradient[r * size + i];
    });
  }
  const own = subject.value.data as Float32Array;
  for (let i = 0; i < data.length; i++) data[i] *= own[i] - (from as Float32Array)[i];
  const facts = factsOf(
    subject,
    `integrated gradients, ${weights.length} steps`,
    scores.map(([, end]) => end),
  );
  return new Attribution(value, { ...facts, delta: deltas(value, scores) });
}

export interface ConductanceOptions extends PathOptions {
  /** The layer whose units are credited; the path itself runs at `at`. */
  layer: string;
}

/** The layer's values and the gradient there, at every point. */
const layerBuild =
  (layer: string): Build =>
  (traced, _, scores) => {
    const value = traced.value(layer);
    return { value, gradient: gradients(traced.trace, reduceSum(scores), [value])[0] };
  };

/**
 * The conductance of each unit y of a layer: the part of f(x) − f(x′) that flows through it,
 * ∫₀¹ ∂f/∂y · dy/dα dα, as Σ over steps of ∂f/∂y·Δy.
 * @returns an `Attribution` of the layer's dims, with `delta`
 * @throws as `integratedGradients`
 * @see https://arxiv.org/abs/1805.12233 (Dhamdhere, Sundararajan & Yan 2018);
 *   https://arxiv.org/abs/1807.09946 (Shrikumar, Su & Kundaje 2018: the form computed here)
 * @example await attribution.conductance(model, { image }, { of: pick('logits', [0, 3]), layer: 'conv5' })
 */
export async function conductance(
  model: Model,
  inputs: Inputs,
  given: ConductanceOptions,
): Promise<Attribution> {
  const { layer, steps = 50 } = given;
  const site = model.sites.get(layer);
  // Δy between neighbours: one point more than steps
  const { subject, weights, rows, scores, note, options } = await along(model, inputs, given, steps + 1);
  let made: ReturnType<typeof floats> | undefined;
  const last = new Map<number, { value: Float32Array; gradient: Float32Array }>();
  for await (const answer of subject.ask(rows, `layer ${layer}`, layerBuild(layer), options)) {
    note(answer);
    const { value, gradient } = answer.results;
    const [, ...rest] = value.dims;
    const size = sizeOf(rest);
    made ??= floats(tensor(new Float32Array(subject.examples * size), [subject.examples, ...rest]));
    for (const [r, { example, step }] of (answer.rows as readonly Point[]).entries()) {
      if (step >= weights.length) continue;
      const part = (from: typeof value) => (from.data as Float32Array).slice(r * size, (r + 1) * size);
      const [now, before] = [{ value: part(value), gradient: part(gradient) }, last.get(example)];
      if (before)
        for (let i = 0; i < size; i++)
          made.data[example * size + i] += before.gradient[i] * (now.value[i] - before.value[i]);
      last.set(example, now);
    }
  }
  if (!made) throw new NeuronbookError('interrupted before anything was attributed');
  const facts = factsOf(
    subject,
    `conductance, ${steps} steps`,
    scores.map(([, end]) => end),
  );
  return new Attribution(made.value, { ...facts, site: site.name, delta: deltas(made.value, scores) });
}

export interface NeuronConductanceOptions extends ConductanceOptions {
  /** Which unit of the layer: one number for each axis behind the batch. */
  index: readonly number[];
}

/**
 * The conductance of one unit y of a layer, split among the inputs: (x − x′)·∫₀¹ ∂f/∂y · ∂y/∂x dα.
 * @returns an `Attribution` of the dims of `at`
 * @throws NeuronbookError on an index that the layer does not have
 * @see https://arxiv.org/abs/1805.12233 (Dhamdhere, Sundararajan & Yan 2018, equation 3)
 * @example
 * await attribution.neuronConductance(model, { image }, { of: pick('logits', [0, 3]), layer: 'features', index: [7] })
 */
export async function neuronConductance(
  model: Model,
  inputs: Inputs,
  given: NeuronConductanceOptions,
): Promise<Attribution> {
  const { layer, index } = given;
  const { subject, from, weights, rows, scores, note, options } = await along(model, inputs, given);
  const build: Build = (traced, x, score) => {
    const y = traced.value(layer);
    const [slope] = gradients(traced.trace, reduceSum(score), [y]);
    const only = constant(traced.trace, oneAt(y.dims.slice(1), index, layer));
    return { gradient: vjp(traced.trace, [y], [x], [mul(slope, only)])[0] };
  };
  const { data, value } = floats(subject.value);
  const size = subject.rowSize;
  for await (const answer of subject.ask(rows, `neuron ${layer} ${index.join()}`, build, options)) {
    note(answer);
    const gradient = answer.results.gradient.data as Float32Array;
    (answer.rows as readonly Point[]).forEach(({ example, step }, r) => {
      const weight = weights[step] ?? 0;
      if (weight) for (let i = 0; i < size; i++) data[example * size + i] += weight * gradient[r * size + i];
    });
  }
  const own = subject.value.data as Float32Array;
  for (let i = 0; i < data.length; i++) data[i] *= own[i] - (from as Float32Array)[i];
  const name = `conductance of ${layer} [${index.join(', ')}], ${weights.length} steps`;
  return new Attribution(
    value,
    factsOf(
      subject,
      name,
      scores.map(([, end]) => end),
    ),
  );
}

/** 1 at one place, 0 elsewhere. */
function oneAt(dims: readonly number[], index: readonly number[], layer: string) {
  const fits =
    index.length === dims.length &&
    index.every((at, axis) => Number.isInteger(at) && at >= 0 && at < dims[axis]);
  if (!fits)
    throw new NeuronbookError(
      `index [${index.join(', ')}] at ${layer}; expected ${dims.length} numbers within ${dims.join('×')}`,
    );
  const data = new Float32Array(sizeOf(dims));
  data[index.reduce((flat, at, axis) => flat * dims[axis] + at, 0)] = 1;
  return tensor(data, [1, ...dims]);
}
