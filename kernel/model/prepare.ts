/**
 * A picture as a network was trained to see it. In the order of the usual Python processors:
 * resize → cut around the middle → channels → network input = (pixel·scale − mean) / std.
 */
import { decodePicture } from '#platform/pictures';
import { FormatError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { fromPixels } from '../base/pixels.ts';
import type { Pixels } from '../base/png.ts';
import { cropped, resampled } from '../base/resample.ts';
import { formatDims } from '../base/shape.ts';
import { isTensor, Tensor } from '../base/tensor.ts';
import type { Dim, Graph } from '../onnx/graph.ts';
import { imageInput, imageInputOf, type ImageInput } from './image-input.ts';

/**
 * A picture: a tensor N×C×H×W, C×H×W or H×W with values in [0, 1], or in 0 … 255 where it holds integers; pixels, as a
 * canvas gives them; or the bytes of a PNG, JPEG, WebP, GIF, AVIF or TIFF.
 */
export type Picture = Tensor | Uint8Array | PixelsLike;

/** Channels last, 8 bits each; how many channels there are follows from the sizes. */
export type PixelsLike = Pick<Pixels, 'width' | 'height'> & { data: Uint8Array | Uint8ClampedArray };

/**
 * The picture as the graph takes it, by what its metadata says of its picture input.
 * @throws NeuronbookError where the network takes no pictures; ShapeError, FormatError on what is no picture
 */
export async function prepared(graph: Graph, picture: Picture): Promise<Tensor> {
  const { said, sides, channels, last } = wantedBy(graph);
  const seen = await pixelsOf(picture);
  const sized = atSize(seen, said, sides);
  return normalized(withChannels(sized, channels ?? sized.dims[1]), said, last);
}

interface Wanted {
  said: ImageInput;
  /** Height and width, where the graph fixes both. */
  sides?: readonly [number, number];
  channels?: number;
  /** Whether the input is N×H×W×C. */
  last: boolean;
}

const isCount = (dim: Dim): dim is number => dim === 1 || dim === 3;

function wantedBy(graph: Graph): Wanted {
  const said = imageInputOf(graph) ?? imageInput(graph);
  const dims = graph.inputs.find(({ name }) => name === said.input)?.dims;
  if (dims?.length !== 4)
    throw new NeuronbookError(
      `${graph.name} takes no pictures: input ${said.input} is ${dims ? formatDims(dims) : 'of unknown shape'}; ` +
        'expected batch × channels × height × width',
    );
  const last = isCount(dims[3]) && !isCount(dims[1]);
  const [channels, height, width] = last ? [dims[3], dims[1], dims[2]] : dims.slice(1);
  return {
    said,
    last,
    ...(typeof channels === 'number' && { channels }),
    ...(typeof height === 'number' && typeof width === 'number' && { sides: [height, width] }),
  };
}

/** float N×C×H×W in [0, 1]. */
async function pixelsOf(picture: Picture): Promise<Tensor> {
  if (isTensor(picture)) return checked(picture);
  if (picture instanceof Uint8Array) return fromPixels(await decoded(picture));
  if (typeof picture === 'object' && 'width' in picture) {
    const { width, height, data } = picture;
    const channels = data.length / (width * height);
    if (channels !== 1 && channels !== 3 && channels !== 4)
      throw new ShapeError(
        `pixels: ${data.length} bytes for ${width}×${height}; expected 1, 3 or 4 for each pixel`,
      );
    return fromPixels({ width, height, channels, data: Uint8Array.from(data) });
  }
  throw new NeuronbookError(
    `no picture: ${typeof picture}; expected a tensor, pixels or the bytes of a file; read files with readImage`,
  );
}

async function decoded(bytes: Uint8Array): Promise<Pixels> {
  try {
    return await decodePicture(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(
      `no picture in ${bytes.length} bytes: ${why}; expected PNG, JPEG or WebP`,
      'picture',
    );
  }
}

function checked(given: Tensor): Tensor {
  const { dims } = given;
  const four = dims.length === 2 ? [1, 1, ...dims] : dims.length === 3 ? [1, ...dims] : dims;
  if (four.length !== 4 || ![1, 3, 4].includes(four[1]))
    throw new ShapeError(`not a picture: ${formatDims(dims)}; expected N×C×H×W with 1, 3 or 4 channels`);
  const full = /int/.test(given.dtype) ? 255 : 1;
  const values = Float32Array.from(given.toFloat32OrWider(), value => value / full);
  const [least, most] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [0, 0]);
  if (!(least >= -SLACK && most <= 1 + SLACK))
    throw new ShapeError(
      `pixels from ${least} to ${most}; expected 0 to 1: ` +
        (least < 0 ? 'is the picture normalised already?' : 'divide by 255'),
    );
  return new Tensor('float32', four, values);
}
/** What rounding may leave beyond [0, 1]. */
const SLACK = 1e-3;

function atSize(
  image: Tensor,
  { resize, crop, filter = 'bilinear' }: ImageInput,
  sides: readonly [number, number] | undefined,
): Tensor {
  const [, , height, width] = image.dims;
  // nothing said, and a size that is fixed: as small as covers it, the rest cut off
  const cut = crop ?? (resize === undefined || typeof resize === 'number' ? sides : undefined);
  const size = resize ?? (sides && covering(height, width, sides));
  const [h, w] = typeof size === 'number' ? byShorter(height, width, size) : (size ?? [height, width]);
  const scaled = resampled(image, h, w, filter);
  if (!cut) return scaled;
  if (cut[0] > h || cut[1] > w)
    throw new ShapeError(`picture is ${h}×${w} after resizing; expected at least ${cut.join('×')}`);
  return cropped(scaled, cut[0], cut[1]);
}

/** Height and width where the shorter becomes `size`; the longer is rounded down, as Python's processors do. */
const byShorter = (height: number, width: number, size: number): [number, number] =>
  height <= width ? [size, Math.floor((size * width) / height)] : [Math.floor((size * height) / width), size];

function covering(height: number, width: number, [h, w]: readonly [number, number]): [number, number] {
  const scale = Math.max(h / height, w / width);
  return [Math.max(h, Math.round(height * scale)), Math.max(w, Math.round(width * scale))];
}

/** Grey is repeated, transparency laid over white; colors become grey as in ITU-R 601, with Pillow's weights. */
function withChannels(image: Tensor, wanted: number): Tensor {
  const [n, c, height, width] = image.dims;
  if (c === wanted) return image;
  if (wanted !== 1 && wanted !== 3)
    throw new ShapeError(
      `${c} channels in the picture; expected ${wanted}, which no picture has; feed it as a tensor`,
    );
  const area = height * width;
  const old = image.toFloat32OrWider();
  const made = new Float32Array(n * wanted * area);
  const at = (picture: number, channel: number, i: number) => old[(picture * c + channel) * area + i];
  const color = (picture: number, channel: number, i: number): number => {
    const value = at(picture, c === 1 ? 0 : channel, i);
    const alpha = c === 4 ? at(picture, 3, i) : 1;
    return alpha * value + (1 - alpha);
  };
  const grey = [0.299, 0.587, 0.114];
  for (let picture = 0; picture < n; picture++)
    for (let channel = 0; channel < wanted; channel++)
      for (let i = 0; i < area; i++)
        made[(picture * wanted + channel) * area + i] =
          wanted === 1
            ? grey.reduce((sum, share, k) => sum + share * color(picture, k, i), 0)
            : color(picture, channel, i);
  return new Tensor('float32', [n, wanted, height, width], made);
}

/** (pixel·scale − mean) / std, channels in the network's order and at its place. */
function normalized(image: Tensor, { scale, mean, std, order }: ImageInput, last: boolean): Tensor {
  const [n, c, height, width] = image.dims;
  const area = height * width;
  const old = image.toFloat32OrWider();
  const made = new Float32Array(old.length);
  const turned = order === 'bgr' && c === 3;
  for (let picture = 0; picture < n; picture++)
    for (let channel = 0; channel < c; channel++) {
      const from = (picture * c + (turned ? 2 - channel : channel)) * area;
      for (let i = 0; i < area; i++) {
        const to = last ? (picture * area + i) * c + channel : (picture * c + channel) * area + i;
        made[to] = (old[from + i] * scale - mean[channel % mean.length]) / std[channel % std.length];
      }
    }
  return new Tensor('float32', last ? [n, height, width, c] : [n, c, height, width], made);
}
