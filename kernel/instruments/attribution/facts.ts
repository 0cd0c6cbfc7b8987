/** What an attribution is shown over: the pictures or the texts that the network was given. */
import { tensor, type Tensor } from '../../base/tensor.ts';
import { TOKENIZER_KEY } from '../../model/tokenizer.ts';
import type { Model } from '../../model/model.ts';
import type { Facts } from './result.ts';
import type { Subject } from './subject.ts';

/** The facts that every method knows of its subject. */
export function factsOf(subject: Subject, method: string, scores: ArrayLike<number>): Facts {
  const { model, site, objectives, inputs } = subject;
  return {
    method,
    model: model.name,
    site: site.name,
    objectives: objectives.map(String),
    scores: Array.from(scores),
    pictures: picturesOf(model, inputs),
    texts: textsOf(model, inputs),
  };
}

/** The pictures that the network was given, as a person sees them. */
function picturesOf(model: Model, inputs: Readonly<Record<string, Tensor>>): Tensor | undefined {
  const known = model.imageInput;
  const name =
    known?.input ??
    Object.keys(inputs).find(each => inputs[each].dims.length === 4 && [1, 3].includes(inputs[each].dims[1]));
  if (!name || ![1, 3].includes(inputs[name]?.dims[1])) return undefined;
  const { dims, data } = inputs[name].cast('float32');
  const numbers = data as Float32Array;
  const [, channels, height, width] = dims;
  const area = height * width;
  // network input = (pixel·scale − mean) / std
  const pixels = known
    ? numbers.map((value, i) => {
        const c = Math.floor(i / area) % channels;
        return (value * known.std[c % known.std.length] + known.mean[c % known.mean.length]) / known.scale;
      })
    : between(numbers);
  const made = tensor(pixels, dims);
  return known?.order === 'bgr' && channels === 3 ? flipped(made, area) : made;
}

/** Numbers within [0, 1] as they are; others stretched to it. */
function between(numbers: Float32Array): Float32Array {
  const [low, high] = numbers.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [0, 1]);
  return low === 0 && high === 1 ? numbers : numbers.map(value => (value - low) / (high - low));
}

function flipped({ dims, data }: Tensor, area: number): Tensor {
  const from = data as Float32Array;
  return tensor(
    from.map((_, i) => from[i + (1 - (Math.floor(i / area) % 3)) * 2 * area]),
    dims,
  );
}

/** The texts that the network was given, token by token. */
function textsOf(model: Model, inputs: Readonly<Record<string, Tensor>>): string[][] | undefined {
  const ids = Object.values(inputs).find(({ dtype, dims }) => dtype.startsWith('int') && dims.length === 2);
  if (!ids) return undefined;
  const tokenizer = TOKENIZER_KEY in model.graph.metadata ? model.tokenizer : undefined;
  return Array.from({ length: ids.dims[0] }, (_, i) =>
    ids
      .at(i)
      .toNumbers()
      .map(id => (tokenizer ? tokenizer.decode([id]) : `${id} `)),
  );
}
