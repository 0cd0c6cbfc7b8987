/** Attributions that are a gradient, or a mean of gradients. */
import { NameError, NeuronbookError } from '../../base/errors.ts';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { greater, indicator, mul, reduceSum, relu } from '../../engine/functions.ts';
import { gradients } from '../../engine/grad.ts';
import { override, type Override } from '../../engine/override.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { factsOf } from './facts.ts';
import { floats } from './numbers.ts';
import { Attribution } from './result.ts';
import { Subject, type Asked, type Batched, type Build, type Row } from './subject.ts';

/** The gradient of each row's score at the row. */
export const gradientBuild =
  (overrides: readonly Override[] = []): Build =>
  (traced, value, scores) => ({
    gradient: traced.overriding(overrides, () => gradients(traced.trace, reduceSum(scores), [value])[0]),
  });

/** No text tells overrides apart. */
const keyOf = (overrides: readonly Override[] | undefined): string => (overrides?.length ? '' : 'gradient');

export interface GradientAttributionOptions extends Asked, Batched {
  /** Gradient rules that hold instead of the ops' own. */
  override?: readonly Override[];
}

async function gradientOf(
  model: Model,
  inputs: Inputs,
  { override: overrides, ...options }: GradientAttributionOptions,
): Promise<{ subject: Subject; gradient: Tensor; scores: ArrayLike<number> }> {
  const subject = await Subject.of(model, inputs, options);
  const { gradient, score } = await subject.all(
    subject.own,
    keyOf(overrides),
    gradientBuild(overrides),
    options,
  );
  return { subject, gradient, scores: score.data as Float32Array };
}

const mapped = ({ data, dims }: Tensor, map: (value: number, i: number) => number): Tensor =>
  tensor((data as Float32Array).map(map), dims);

/**
 * How much each number at a site matters to an objective: |∂f/∂x|.
 * @param options `signed`: the gradient itself
 * @returns an `Attribution` whose `values` have the site's dims
 * @throws NameError on a site that does not exist; OpError where the way back passes an op without a gradient
 * @see https://arxiv.org/abs/1312.6034 (Simonyan, Vedaldi & Zisserman 2013, section 3.1)
 * @example await attribution.saliency(model, { image }, { of: pick('logits', [0, 3]) })
 */
export async function saliency(
  model: Model,
  inputs: Inputs,
  options: GradientAttributionOptions & { signed?: boolean },
): Promise<Attribution> {
  const { subject, gradient, scores } = await gradientOf(model, inputs, options);
  return new Attribution(
    options.signed ? gradient : mapped(gradient, Math.abs),
    factsOf(subject, options.signed ? 'gradient' : 'saliency', scores),
  );
}

/**
 * x·∂f/∂x: what each number contributes where the network is linear around x.
 * @see https://arxiv.org/abs/1605.01713 (Shrikumar et al. 2016)
 * @example await attribution.inputTimesGradient(model, { image }, { of: pick('logits', [0, 3]) })
 */
export async function inputTimesGradient(
  model: Model,
  inputs: Inputs,
  options: GradientAttributionOptions,
): Promise<Attribution> {
  const { subject, gradient, scores } = await gradientOf(model, inputs, options);
  const value = subject.value.data as Float32Array;
  return new Attribution(
    mapped(gradient, (slope, i) => slope * value[i]),
    factsOf(subject, 'input × gradient', scores),
  );
}

/** Refuses a network on which the rule would change nothing. */
function needsRelu(model: Model, method: string): void {
  if (!model.graph.nodes.some(({ op }) => op === 'Relu'))
    throw new NameError(
      'op or site',
      'Relu',
      [],
      `${method} changes the gradient of ReLUs, and ${model.name} has none`,
    );
}

/**
 * The gradient in which only what excites flows back through a ReLU that is open: dy·[dy > 0]·[y > 0].
 * @throws NameError where the network has no ReLU
 * @see https://arxiv.org/abs/1412.6806 (Springenberg et al. 2015)
 * @example await attribution.guidedBackprop(model, { image }, { of: pick('logits', [0, 3]) })
 */
export async function guidedBackprop(
  model: Model,
  inputs: Inputs,
  options: Asked & Batched,
): Promise<Attribution> {
  needsRelu(model, 'guided backpropagation');
  const guided = override('Relu', ({ dy, outputs: [y] }) => mul(relu(dy), indicator(greater(y, 0), dy)));
  const { subject, gradient, scores } = await gradientOf(model, inputs, { ...options, override: [guided] });
  return new Attribution(gradient, factsOf(subject, 'guided backpropagation', scores));
}

/**
 * The gradient in which a ReLU lets through what excites, open or closed: dy·[dy > 0].
 * @throws NameError where the network has no ReLU
 * @see https://arxiv.org/abs/1311.2901 (Zeiler & Fergus 2014)
 * @example await attribution.deconvolution(model, { image }, { of: pick('logits', [0, 3]) })
 */
export async function deconvolution(
  model: Model,
  inputs: Inputs,
  options: Asked & Batched,
): Promise<Attribution> {
  needsRelu(model, 'deconvolution');
  const rectified = override('Relu', ({ dy }) => relu(dy));
  const { subject, gradient, scores } = await gradientOf(model, inputs, {
    ...options,
    override: [rectified],
  });
  return new Attribution(gradient, factsOf(subject, 'deconvolution', scores));
}

export interface SmoothGradOptions extends GradientAttributionOptions {
  /** How many noisy copies of each example. */
  samples?: number;
  /** Standard deviation of the noise, as a share of the example's range. */
  noise?: number;
  /** The same in the site's own units, instead of `noise`. */
  std?: number;
  seed?: number | string;
  /** What is taken of the gradients g: their mean (SmoothGrad), the mean of |g|, of g² (SmoothGrad²), or their variance (VarGrad). */
  take?: 'mean' | 'magnitude' | 'square' | 'variance';
}

/**
 * The mean gradient over noisy copies of each example: what a single gradient owes to chance averages out.
 * @see https://arxiv.org/abs/1706.03825 (Smilkov et al. 2017); VarGrad: https://arxiv.org/abs/1810.03292 (Adebayo et al.)
 * @example await attribution.smoothGrad(model, { image }, { of: pick('logits', [0, 3]), samples: 8, noise: 0.1 })
 */
export async function smoothGrad(
  model: Model,
  inputs: Inputs,
  options: SmoothGradOptions,
): Promise<Attribution> {
  const { samples = 25, noise = 0.15, std, seed = 0, take = 'mean', override: overrides } = options;
  if (!Number.isInteger(samples) || samples < 1)
    throw new NeuronbookError(`samples: ${samples}; expected a whole number from 1`);
  const subject = await Subject.of(model, inputs, options);
  const rows = subject.own.flatMap(({ example }) => {
    const own = subject.valueOf(example) as Float32Array;
    const spread = std ?? noise * rangeOf(own);
    return Array.from({ length: samples }, (_, sample): Row => ({
      example,
      fill(into) {
        const draw = rng(`${seed}/smooth/${example}/${sample}`);
        for (let i = 0; i < own.length; i++) into[i] = own[i] + spread * draw.normal();
      },
    }));
  });

  // Σ g, or Σ |g|; and Σ g²
  const { data: sum, value } = floats(subject.value);
  const squares = new Float64Array(sum.length);
  const counts = new Float64Array(subject.examples);
  const size = subject.rowSize;
  for await (const { rows: some, results } of subject.ask(
    rows,
    keyOf(overrides),
    gradientBuild(overrides),
    options,
  )) {
    const gradient = results.gradient.data as Float32Array;
    some.forEach(({ example }, r) => {
      counts[example]++;
      for (let i = 0; i < size; i++) {
        const g = gradient[r * size + i];
        sum[example * size + i] += take === 'magnitude' ? Math.abs(g) : g;
        squares[example * size + i] += g * g;
      }
    });
  }
  for (let i = 0; i < sum.length; i++) {
    const count = counts[Math.floor(i / size)] || 1;
    const [mean, square] = [sum[i] / count, squares[i] / count];
    sum[i] = take === 'square' ? square : take === 'variance' ? square - mean * mean : mean;
  }
  const { score } = await subject.all(subject.own, 'score', () => ({}), options);
  const names = {
    mean: 'SmoothGrad',
    magnitude: 'SmoothGrad of |gradient|',
    square: 'SmoothGrad²',
    variance: 'VarGrad',
  };
  return new Attribution(
    value,
    factsOf(subject, `${names[take]}, ${samples} samples`, score.data as Float32Array),
  );
}

const rangeOf = (values: Float32Array): number =>
  values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity);
