/** What objectives say of pictures that are there already. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, type Dims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { compile, type Program } from '../../engine/compile.ts';
import { concat } from '../../engine/functions.ts';
import { Trace } from '../../engine/trace.ts';
import type { ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import type { Objective } from '../../model/objective.ts';
import type { Graph } from '../../onnx/graph.ts';
import { rows, type ActivationOptions } from './activations.ts';
import { preprocess } from './image/preprocess.ts';
import { batchVaries, inputOf } from './input.ts';
import { perExample } from './objectives/per-example.ts';

/**
 * How much each picture excites what is asked for, as the network sees it: no transforms, no regularizers.
 * @param images N×C×H×W in [0, 1], of the network's size; `diversity` and the like see those of one run together
 * @returns one number per picture
 * @example const [whole] = await viz.score(model, logit('logits', 6), image)
 */
export async function score(
  model: Model,
  objective: Objective,
  images: Tensor,
  { batch = 16, input: said }: ActivationOptions = {},
): Promise<Float32Array> {
  if (images.dims.length !== 4)
    throw new ShapeError(`pictures are ${formatDims(images.dims)}; expected N×C×H×W in [0, 1]`);
  const input = inputOf(model, said);
  const [count, ...picture] = images.dims;
  const most = batchVaries(model, input) ? Math.min(batch, count) : 1;
  const programs = new Map<number, Program>();
  const scores = new Float32Array(count);
  for (let first = 0; first < count; first += most) {
    const size = Math.min(most, count - first);
    const program =
      programs.get(size) ?? (await compile(scoring(model, objective, input, [size, ...picture])));
    programs.set(size, program);
    const pictures = rows(images, first, size);
    scores.set((await program.run({ pictures })).scores.toFloat32OrWider(), first);
  }
  return scores;
}

function scoring(model: Model, objective: Objective, input: ImageInput, dims: Dims): Graph {
  const trace = new Trace();
  const fed = trace.input('pictures', 'float32', dims);
  const traced = model.trace({ [input.input]: preprocess(fed, input) });
  const each = perExample(Array.from({ length: dims[0] }, () => objective))(traced);
  return trace.graph({ scores: concat(each, 0) }, 'score');
}
