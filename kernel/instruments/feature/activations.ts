/** What a network says at some sites to pictures in [0, 1], whatever its own range and order of channels are. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { Trace } from '../../engine/trace.ts';
import type { ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import { preprocess } from './image/preprocess.ts';
import { batchVaries, inputOf } from './input.ts';

export interface ActivationOptions {
  /** Pictures in one run. */
  batch?: number;
  /** How pictures enter the network, where its file does not say. */
  input?: Partial<ImageInput>;
}

/**
 * Activations of pictures at some sites, by the names asked for: what `caricature`, `difference` and `style` take.
 * @param images N×C×H×W in [0, 1], of the network's size
 * @throws NameError on a site that does not exist
 * @example (await viz.activations(model, image, ['conv3'])).conv3.dims // → 1,64,12,12
 */
export async function activations(
  model: Model,
  images: Tensor,
  sites: readonly string[],
  { batch = 32, input: said }: ActivationOptions = {},
): Promise<Record<string, Tensor>> {
  if (images.dims.length !== 4)
    throw new ShapeError(`pictures are ${formatDims(images.dims)}; expected N×C×H×W in [0, 1]`);
  const input = inputOf(model, said);
  const [count, ...picture] = images.dims;
  const most = batchVaries(model, input) ? Math.min(batch, count) : 1;
  const parts = sites.map((): Float32Array[] => []);
  let dims: (readonly number[])[] = [];
  for (let first = 0; first < count; first += most) {
    const size = Math.min(most, count - first);
    const trace = new Trace();
    const fed = trace.input('pictures', 'float32', [size, ...picture]);
    const traced = model.trace({ [input.input]: preprocess(fed, input) });
    const values = sites.map((site, i) => [`site.${i}`, traced.value(site)] as const);
    const program = await compile(trace.graph(Object.fromEntries(values), 'activations'));
    const read = await program.run({ pictures: rows(images, first, size) });
    sites.forEach((_, i) => parts[i].push(Float32Array.from(read[`site.${i}`].toFloat32OrWider())));
    dims = sites.map((_, i) => read[`site.${i}`].dims.slice(1));
  }
  return Object.fromEntries(
    sites.map((site, i) => {
      const data = new Float32Array(parts[i].reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts[i]) {
        data.set(part, at);
        at += part.length;
      }
      return [site, tensor(data, [count, ...dims[i]])];
    }),
  );
}

/** Pictures `first` to `first + size` of a batch. */
export function rows(images: Tensor, first: number, size: number): Tensor {
  const [count, ...dims] = images.dims;
  const each = images.size / count;
  const data = images.toFloat32OrWider().slice(first * each, (first + size) * each);
  return tensor(Float32Array.from(data), [size, ...dims]);
}
