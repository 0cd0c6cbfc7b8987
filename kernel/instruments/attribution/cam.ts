/** GradCAM: where in a picture a class was seen, at the resolution of a convolutional layer. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sizeOf } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { factsOf } from './facts.ts';
import { gradientBuild, guidedBackprop } from './gradients.ts';
import { stretched } from './overlay.ts';
import { Attribution } from './result.ts';
import { Subject, type Asked, type Batched } from './subject.ts';

export interface GradCamOptions extends Asked, Batched {
  /** The layer: any site of N×C×positions, such as the last convolution. */
  at: string;
  /** Keep what speaks for the score and drop what speaks against it, as the paper does. */
  relu?: boolean;
}

/**
 * Relu of Σ_k α_k·A_k over the channels k of a layer, where α_k is the mean of ∂f/∂A_k over positions.
 * @returns an `Attribution` whose `values` are N×1×positions, at the layer's resolution; shown over the picture they
 *   are stretched to it
 * @throws ShapeError where the layer has no positions; NameError on a site that does not exist
 * @see https://arxiv.org/abs/1610.02391 (Selvaraju et al. 2017, equations 1 and 2)
 * @example await attribution.gradCam(model, { image }, { of: pick('logits', [0, 3]), at: 'conv5' })
 */
export async function gradCam(model: Model, inputs: Inputs, options: GradCamOptions): Promise<Attribution> {
  const { relu = true } = options;
  const subject = await Subject.of(model, inputs, options);
  const [channels, ...positions] = subject.rowDims;
  if (!positions.length)
    throw new ShapeError(
      `${subject.site.name} is ${formatDims(subject.value.dims)}, which has no positions; expected N×C×H×W: name a convolution`,
    );
  const { gradient, score } = await subject.all(subject.own, 'gradient', gradientBuild(), options);
  const [activations, slopes] = [subject.value.data as Float32Array, gradient.data as Float32Array];
  const area = sizeOf(positions);
  const map = new Float32Array(subject.examples * area);
  for (let row = 0; row < subject.examples * channels; row++) {
    const [first, to] = [row * area, Math.floor(row / channels) * area];
    let alpha = 0;
    for (let i = 0; i < area; i++) alpha += slopes[first + i] / area;
    for (let i = 0; i < area; i++) map[to + i] += alpha * activations[first + i];
  }
  const kept = relu ? map.map(value => Math.max(0, value)) : map;
  return new Attribution(
    tensor(kept, [subject.examples, 1, ...positions]),
    factsOf(subject, 'GradCAM', score.data as Float32Array),
  );
}

export interface GuidedGradCamOptions extends Asked, Batched {
  /** The layer of the map. */
  layer: string;
}

/**
 * Guided backpropagation where GradCAM sees the class: their product, the map stretched to the picture.
 * @returns an `Attribution` of the picture's dims
 * @throws as `gradCam` and `guidedBackprop`
 * @see https://arxiv.org/abs/1610.02391 (Selvaraju et al. 2017, section 3.2)
 * @example await attribution.guidedGradCam(model, { image }, { of: pick('logits', [0, 3]), layer: 'conv5' })
 */
export async function guidedGradCam(
  model: Model,
  inputs: Inputs,
  { layer, ...options }: GuidedGradCamOptions,
): Promise<Attribution> {
  const map = await gradCam(model, inputs, { ...options, at: layer });
  const subject = await Subject.of(model, inputs, options);
  const [, channels, height, width] = subject.value.dims;
  if (subject.value.dims.length !== 4 || map.values.dims.length !== 4)
    throw new ShapeError(
      `${subject.site.name} is ${formatDims(subject.value.dims)} and ${layer} ${formatDims(map.values.dims)}; expected pictures, N×C×H×W`,
    );
  const guided = await guidedBackprop(model, inputs, options);
  const product = (guided.values.data as Float32Array).slice();
  for (let example = 0; example < subject.examples; example++) {
    const weights = stretched(map.values.at(example).at(0), height, width);
    for (let i = 0; i < channels * height * width; i++)
      product[example * channels * height * width + i] *= weights[i % (height * width)];
  }
  return new Attribution(
    tensor(product, subject.value.dims),
    factsOf(subject, 'guided GradCAM', guided.scores),
  );
}
