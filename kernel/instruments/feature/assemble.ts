/**
 * The graphs of an ascent: objectives ∘ network ∘ preprocessing ∘ transforms ∘ parameterization, its gradient and the
 * optimizer's update as one; and a small one that only shows the picture.
 */
import type { Rng } from '../../base/rng.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Override } from '../../engine/override.ts';
import { Trace } from '../../engine/trace.ts';
import type { ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import type { Objective } from '../../model/objective.ts';
import type { Graph } from '../../onnx/graph.ts';
import { ascentGraph, type AscentGraphOptions } from '../../train/ascend.ts';
import { preprocess, type Parameterization, type PictureDims } from './image/index.ts';
import { perExample } from './objectives/per-example.ts';
import { penalized } from './penalized.ts';
import type { Regularizer } from './regularizers.ts';
import { background, chained, type Transform } from './transforms/index.ts';

export interface Parts extends AscentGraphOptions {
  readonly model: Model;
  readonly objectives: readonly Objective[];
  readonly input: ImageInput;
  /** Dims of the pictures that the network sees. */
  readonly picture: PictureDims;
  readonly image: Parameterization;
  readonly transforms: readonly Transform[];
  readonly regularize: readonly Regularizer[];
  readonly override: readonly Override[];
}

export interface Assembled {
  readonly step: Graph;
  /** What `step` is fed besides parameters: this step's draws and weights. */
  feed(rng: Rng, step: number, steps: number): Record<string, Tensor>;
}

/** One step of the ascent. */
export function assemble({ model, objectives, input, picture, image, ...parts }: Parts): Assembled {
  const trace = new Trace();
  const parameters = trace.input('parameters', 'float32', image.dims(picture));
  const decoded = image.decode(parameters, picture);
  const transforms = image.alpha ? [background, ...parts.transforms] : parts.transforms;
  const { seen, feed } = chained(trace, decoded, transforms);
  const { penalty, feed: weigh } = penalized(trace, decoded, parts.regularize);
  const traced = model.trace({ [input.input]: preprocess(seen, input) });
  const scores = perExample(objectives)(traced);
  const step = traced.overriding(parts.override, () =>
    ascentGraph(trace, parameters, scores, {
      optimizer: parts.optimizer,
      gradient: parts.gradient,
      penalty,
    }),
  );
  return { step, feed: (rng, at, steps) => ({ ...feed(rng), ...weigh(at, steps) }) };
}

/** Parameters → pictures. */
export function shown(image: Parameterization, picture: PictureDims): Graph {
  const view = new Trace();
  const parameters = view.input('parameters', 'float32', image.dims(picture));
  return view.graph({ picture: image.decode(parameters, picture) }, 'picture');
}
