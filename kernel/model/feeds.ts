/** What a caller gives a network, checked once and turned into what its graph wants. */
import { isFloat } from '../base/dtype.ts';
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatDims } from '../base/shape.ts';
import { isTensor, tensor, type Tensor, type TensorLike } from '../base/tensor.ts';
import type { Graph } from '../onnx/graph.ts';
import { assertRows, rowsOf } from './rows.ts';
import type { Sites } from './sites.ts';

/** A value for each input, by documented or tensor name. */
export type Inputs = Readonly<Record<string, TensorLike>>;

/**
 * A tensor for each input of the graph, by tensor name, in its dtype; plain data fills an input's fixed dims.
 * @throws NameError on an input that is unknown or missing; ShapeError on dims that do not fit; NeuronbookError on a
 * token that the network does not know
 */
export function feedsOf(inputs: Inputs, graph: Graph, sites: Sites): Record<string, Tensor> {
  const known = graph.inputs.map(input => input.name);
  if (!inputs || typeof inputs !== 'object')
    throw new NeuronbookError(
      `no inputs: ${String(inputs)}; expected a tensor for each input: { ${known.join(', ')} }`,
    );
  const documented = (name: string): string | undefined => {
    const site = sites.has(name) ? sites.get(name) : undefined;
    return site?.kind === 'input' ? site.tensor : undefined;
  };
  for (const name of Object.keys(inputs))
    if (!known.includes(name) && !documented(name))
      throw new NameError('input', name, nearest(name, known), `inputs: ${known.join(', ')}`);
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype, dims }) => {
      const given = inputs[name] ?? Object.entries(inputs).find(([key]) => documented(key) === name)?.[1];
      if (given === undefined) {
        const received = Object.keys(inputs).join(', ') || '(none)';
        throw new NameError('input', received, [name], `the model needs ${name}`);
      }
      const fixed = dims?.every(dim => typeof dim === 'number') ? (dims as number[]) : undefined;
      const own = tensor(given, isTensor(given) ? undefined : fixed);
      if (own.dtype === 'string' && dtype !== 'string')
        throw new NeuronbookError(
          `input ${name} holds text; expected ${dtype}` +
            (isFloat(dtype) ? '' : '; model.tokenizer makes numbers of a text'),
        );
      if (!isFloat(dtype) && dtype !== 'bool' && isFloat(own.dtype)) assertWhole(name, own, dtype);
      const value = own.cast(dtype);
      const fits =
        !dims ||
        (value.dims.length === dims.length &&
          dims.every((dim, axis) => typeof dim === 'string' || dim === value.dims[axis]));
      if (!fits)
        throw new ShapeError(`input ${name} is ${formatDims(value.dims)}; expected ${formatDims(dims)}`);
      const rows = rowsOf(graph).get(name);
      if (rows) assertRows(name, value, rows);
      return [name, value];
    }),
  );
}

/** A token 1.5, or NaN, is a mistake that a cast to integers would hide. */
function assertWhole(name: string, value: Tensor, dtype: string): void {
  const broken = value.toFloat32OrWider().find(number => !Number.isInteger(number));
  if (broken !== undefined)
    throw new NeuronbookError(`input ${name} holds ${broken}; expected whole numbers, as it is ${dtype}`);
}
