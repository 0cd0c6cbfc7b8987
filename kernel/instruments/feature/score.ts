/** What objectives say of pictures that are there already. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { concat } from '../../engine/functions.ts';
import { Trace } from '../../engine/trace.ts';
import type { ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import type { Objective } from '../../model/objective.ts';
import { preprocess } from './image/preprocess.ts';
import { batchVaries, inputOf } from './input.ts';
import { perExample } from './objectives/per-example.ts';

export interface ScoreOptions {
  /** Pictures in one run; objectives such as `diversity` look at those of one run together. */
  batch?: number;
  /** How pictures enter the network, where its file does not say. */
  input?: Partial<ImageInput>;
}

/**
 * How much each picture excites what is asked for, as the network sees it: no transforms, no regularizers.
 * @param images N×C×H×W in [0, 1], of the network's size
 * @returns one number per picture
 * @example const [whole] = await viz.score(model, logit('logits', 6), image)
 */
export async function score(
  model: Model,
  objective: Objective,
  images: Tensor,
  { batch = 32, input: said }: ScoreOptions = {},
): Promise<Float32Array> {
  if (images.dims.length !== 4)
    throw new ShapeError(`pictures are ${formatDims(images.dims)}; expected N×C×H×W in [0, 1]`);
  const input = inputOf(model, said);
  const [count, ...picture] = images.dims;
  const most = batchVaries(model, input) ? Math.max(1, Math.min(batch, count)) : 1;
  const scores = new Float32Array(count);
  for (let first = 0; first < count; first += most) {
    const size = Math.min(most, count - first);
    const trace = new Trace();
    const fed = trace.input('pictures', 'float32', [size, ...picture]);
    const traced = model.trace({ [input.input]: preprocess(fed, input) });
    const each = perExample(Array.from({ length: size }, () => objective))(traced);
    const program = await compile(trace.graph({ scores: concat(each, 0) }, 'score'));
    const pictures = rows(images, first, size);
    scores.set((await program.run({ pictures })).scores.toFloat32OrWider(), first);
  }
  return scores;
}

/** Pictures `first` to `first + size`. */
export function rows(images: Tensor, first: number, size: number): Tensor {
  const [count, ...dims] = images.dims;
  const each = images.size / count;
  const data = images.toFloat32OrWider().slice(first * each, (first + size) * each);
  return tensor(Float32Array.from(data), [size, ...dims]);
}
