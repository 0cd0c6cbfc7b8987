/** Where in a picture each channel responds: activations laid over what caused them. */
import { toBase64 } from '../../base/base64.ts';
import { ShapeError } from '../../base/errors.ts';
import { encodePng } from '../../base/png-encode.ts';
import type { Pixels } from '../../base/png.ts';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { cellText } from '../html.ts';
import { overlay } from '../overlay.ts';
import { MOST, pack, packBytes, packedProblem, unpack, type Packed } from '../packed.ts';
import { isPng, isRange, isRecord, isSize, isText, isTexts } from '../payload.ts';
import type { Problem, ViewOptions, ViewPayload } from '../payload.ts';
import { pixelsOf } from '../plot/image.ts';
import { sheet } from '../sheet.ts';
import { finiteRange } from '../values.ts';
import { ViewValue, within, type Selecting } from '../view-value.ts';

export type ActivationMapPayload = ViewPayload<
  'activation-map',
  {
    title: string;
    /** What a value is, e.g. `activation`. */
    unit: string;
    /** The picture: PNG, base64, and its size. */
    image: string;
    width: number;
    height: number;
    /** One name a channel. */
    channels: string[];
    /** channels × rows × columns. */
    maps: Packed;
    /** The values of both ends of the colour scale, which is diverging where they differ in sign. */
    range: [number, number];
  },
  ViewOptions
>;
type Data = ActivationMapPayload['data'];

/** Channels that one view lists. */
const CHANNELS = 4096;

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.unit))
    return 'data.title or data.unit is not text';
  if (!isPng(data.image)) return 'data.image is not a PNG as base64';
  if (!isSize(data.width) || !isSize(data.height)) return 'data.width or data.height is not a size';
  if (!isTexts(data.channels) || data.channels.length === 0 || data.channels.length > CHANNELS)
    return `data.channels is not a list of 1 to ${CHANNELS} texts`;
  const wrong = packedProblem(data.maps, 3);
  if (wrong) return `data.maps ${wrong}`;
  const { dims } = data.maps as Packed;
  if (dims[0] !== data.channels.length || !dims.every(isSize))
    return `data.maps is ${dims.join('×')}; expected ${data.channels.length} maps of at least one value`;
  return isRange(data.range) ? undefined : 'data.range is not two numbers in order';
};

/** One value of one channel. */
export interface ActivationSelection {
  channel: number;
  name: string;
  row: number;
  column: number;
  value: number;
}

export interface ActivationMapOptions extends Selecting<ActivationSelection> {
  title?: string;
  /** What a value is. */
  unit?: string;
  /** One name a channel; `channel 0` … where left out. */
  channels?: readonly string[];
  /** Both ends of the colour scale; by default zero (or the least) and the greatest. */
  range?: readonly [number, number];
}

/** The greatest magnitude in each channel. */
export function peaks(values: ArrayLike<number>, [channels, rows, columns]: readonly number[]): number[] {
  const area = rows * columns;
  return Array.from({ length: channels }, (_, c) => {
    let most = 0;
    for (let i = c * area; i < (c + 1) * area; i++) {
      const size = Math.abs(values[i]);
      if (size > most) most = size;
    }
    return most;
  });
}

/** Channels of the saved picture: the strongest, after the picture itself. */
const TILES = 11;

const strongest = (values: ArrayLike<number>, dims: readonly number[]): [channel: number, peak: number][] =>
  peaks(values, dims)
    .map((peak, channel): [number, number] => [channel, peak])
    .sort((a, b) => b[1] - a[1])
    .slice(0, TILES);

function png({ channels, maps, range }: Data, picture: Pixels): string {
  const values = unpack(maps);
  const [, height, width] = maps.dims;
  const scale = range[0] < 0 && range[1] > 0 ? 'diverging' : 'sequential';
  const tiles = strongest(values, maps.dims).map(([c]) => ({
    label: channels[c],
    pixels: overlay(picture, { data: values, offset: c * width * height, width, height }, range, scale),
  }));
  return toBase64(encodePng(sheet([{ label: 'image', pixels: picture }, ...tiles], { columns: 6 })));
}

function words({ title, unit, channels, maps }: Data): string {
  const values = unpack(maps);
  const [count, rows, columns] = maps.dims;
  const lines = strongest(values, maps.dims)
    .slice(0, 5)
    .map(([c, peak]) => `${channels[c]}: up to ${cellText(peak)}`);
  return [
    `${title || 'activation map'}: ${count} ${count === 1 ? 'channel' : 'channels'} of ${rows}×${columns}; strongest by ${unit}:`,
    ...lines,
  ].join('\n');
}

/**
 * What each channel makes of a picture: its activations as colour over the picture, a list of channels beside it.
 * `onSelect` gets the value under the pointer.
 * @param picture 1×3×H×W, 3×H×W or grey, or pixels
 * @param activations C×h×w (or 1×C×h×w), in any resolution
 * @throws ShapeError where the activations are no maps of one picture, or names and channels differ in number
 * @example
 * const { sites } = await model.run({ image }, { read: ['conv3'] })
 * view.activationMap(image, sites.conv3, { title: 'conv3' })
 */
export function activationMap(
  picture: Tensor | Pixels,
  activations: Tensor,
  { title = '', unit = 'activation', channels, range, onSelect }: ActivationMapOptions = {},
): ViewValue<'activation-map', Data, ActivationSelection> {
  const dims = activations.dims.length === 4 ? activations.dims.slice(1) : [...activations.dims];
  if (
    dims.length !== 3 ||
    activations.size === 0 ||
    (activations.dims.length === 4 && activations.dims[0] !== 1)
  )
    throw new ShapeError(
      `activations of ${formatDims(activations.dims)}; expected channels×rows×columns of one picture: take one with \`.at(0)\``,
    );
  const [count, rows, columns] = dims;
  if (activations.size > MOST || count > CHANNELS)
    throw new ShapeError(
      `activations of ${formatDims(dims)}; expected at most ${CHANNELS} channels and ${MOST} numbers: choose some of the channels`,
    );
  const names = channels ?? Array.from({ length: count }, (_, c) => `channel ${c}`);
  if (names.length !== count) throw new ShapeError(`${names.length} names of channels; expected ${count}`);
  const values = activations.toFloat32OrWider();
  const pixels = pixelsOf(picture);
  const [low, high] = finiteRange(values);
  const reach = Math.max(-low, high);
  const ends: [number, number] = range
    ? [...range]
    : low < 0 && high > 0
      ? [-reach, reach]
      : [Math.min(low, 0), Math.max(high, 0)];
  const data: Data = {
    title,
    unit,
    image: toBase64(encodePng(pixels)),
    width: pixels.width,
    height: pixels.height,
    channels: [...names],
    maps: values.length > 2 ** 16 ? packBytes(values, dims, [low, high]) : pack(values, dims),
    range: ends,
  };
  const select = (at: readonly number[]) => {
    const [channel, row, column] = at;
    const value = values[(channel * rows + row) * columns + column];
    return within(at, dims) ? { channel, name: names[channel], row, column, value } : undefined;
  };
  const forms = { png: () => png(data, pixels), words: () => words(data) };
  return new ViewValue('activation-map', data, forms, select, onSelect);
}
