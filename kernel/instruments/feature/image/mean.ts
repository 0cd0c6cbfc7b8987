/** The mean of pictures: what they have in common, as a start. */
import { ShapeError } from '../../../base/errors.ts';
import { formatDims, sameDims } from '../../../base/shape.ts';
import { isTensor, tensor, type Tensor } from '../../../base/tensor.ts';

/**
 * The mean picture, 1×C×H×W.
 * @param images a batch N×C×H×W, or a list of pictures C×H×W or 1×C×H×W of one size
 * @throws ShapeError on none, or pictures of different sizes
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.fourier({ from: viz.mean([image, brighter]) }) })
 */
export function mean(images: Tensor | readonly Tensor[]): Tensor {
  const pictures = isTensor(images)
    ? Array.from({ length: images.dims.length === 4 ? images.dims[0] : 0 }, (_, i) => images.at(i))
    : images.map(image => (image.dims.length === 4 && image.dims[0] === 1 ? image.at(0) : image));
  const [first] = pictures;
  const other = pictures.find(({ dims }) => dims.length !== 3 || !sameDims(dims, first.dims));
  if (!first || other)
    throw new ShapeError(
      `mean of ${other ? formatDims(other.dims) : 'no pictures'}; expected pictures of one size, N×C×H×W or a list`,
    );
  const sum = new Float32Array(first.size);
  for (const picture of pictures)
    picture.toFloat32OrWider().forEach((value, i) => (sum[i] += value / pictures.length));
  return tensor(sum, [1, ...first.dims]);
}
