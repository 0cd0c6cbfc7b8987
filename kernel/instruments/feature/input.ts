/** How pictures enter a network: what its file says, what the caller adds, and how large they are. */
import { NeuronbookError } from '../../base/errors.ts';
import { imageInput, type ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import type { PictureDims } from './image/parameterization.ts';

export const inputOf = (model: Model, said: Partial<ImageInput> = {}): ImageInput =>
  imageInput(model.graph, { ...model.imageInput, ...said });

const shapeOf = (model: Model, name: string) => model.graph.inputs.find(input => input.name === name)?.dims;

/** Whether it takes several pictures at once. */
export const batchVaries = (model: Model, { input }: ImageInput): boolean =>
  typeof shapeOf(model, input)?.[0] === 'string';

/** Dims of `count` pictures for this network. @throws NeuronbookError where it takes none, or any size and none is given */
export function pictureDims(model: Model, input: string, count: number, size?: number): PictureDims {
  const dims = shapeOf(model, input);
  if (dims?.length !== 4)
    throw new NeuronbookError(
      `input ${input} of ${model.name} is not a picture; expected batch × channels × height × width`,
    );
  const [, channels, height, width] = dims.map(dim => (typeof dim === 'number' ? dim : undefined));
  if (!channels || !(height ?? size) || !(width ?? size))
    throw new NeuronbookError(
      `input ${input} of ${model.name} takes pictures of any size; give { size: 64 }`,
    );
  return [count, channels, height ?? size!, width ?? size!];
}
