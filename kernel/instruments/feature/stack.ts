/** Pictures as one batch. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sameDims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';

/**
 * Pictures as one batch, N×C×H×W.
 * @param pictures C×H×W or 1×C×H×W each, of one size
 * @throws ShapeError on none, or pictures of different sizes
 * @example viz.stack([image, brighter]).dims // → 2,3,48,48
 */
export function stack(pictures: readonly Tensor[]): Tensor {
  const [first] = pictures;
  const other = pictures.find(({ dims }) => !first || !sameDims(dims, first.dims));
  if (!first || other || first.dims.length < 3 || (first.dims.length === 4 && first.dims[0] !== 1))
    throw new ShapeError(
      `stack of ${formatDims((other ?? first)?.dims ?? [0])}; expected pictures of one size, C×H×W or 1×C×H×W`,
    );
  const data = new Float32Array(pictures.length * first.size);
  pictures.forEach((picture, i) => data.set(picture.toFloat32OrWider(), i * first.size));
  return tensor(data, [pictures.length, ...first.dims.slice(-3)]);
}
