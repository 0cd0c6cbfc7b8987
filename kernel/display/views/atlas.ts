/** Pictures by the thousand: on a grid (what a layer sees at each place of an image), or each at a place of its own. */
import { toBase64 } from '../../base/base64.ts';
import { ShapeError } from '../../base/errors.ts';
import { encodePng } from '../../base/png-encode.ts';
import type { Pixels } from '../../base/png.ts';
import { formatDims } from '../../base/shape.ts';
import { isTensor, type Tensor } from '../../base/tensor.ts';
import { pack, packedProblem, unpack, type Packed } from '../packed.ts';
import { isPng, isRecord, isSize, isText, isTexts } from '../payload.ts';
import type { Problem, ViewOptions, ViewPayload } from '../payload.ts';
import { pixelsOf } from '../plot/image.ts';
import { spread, spriteOf } from '../drawings/sprite.ts';
import { ViewValue, type Selecting } from '../view-value.ts';

export type AtlasPayload = ViewPayload<
  'atlas',
  {
    title: string;
    /** All pictures in one PNG, base64, row by row; the last row may be cut short. */
    sprite: string;
    /** Pictures in a row of the sprite, and on the page where they have no places. */
    columns: number;
    /** Pixels of one picture. */
    cell: { width: number; height: number };
    labels: string[];
    /** What else is known of each, or nothing. */
    notes: string[];
    /** pictures × (x, y), each in 0 … 1; null on a grid. */
    places: Packed | null;
  },
  ViewOptions
>;
type Data = AtlasPayload['data'];

/** Pictures that one view holds. */
const MOST = 20_000;

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title)) return 'data.title is not text';
  const { sprite, columns, cell, labels, notes, places } = data;
  if (!isPng(sprite)) return 'data.sprite is not a PNG as base64, or too large';
  if (!isSize(columns)) return 'data.columns is not a size';
  if (!isRecord(cell) || !isSize(cell.width) || !isSize(cell.height)) return 'data.cell has no size';
  if (!isTexts(labels) || labels.length === 0 || labels.length > MOST)
    return `data.labels is not a list of 1 to ${MOST} texts`;
  if (!isTexts(notes) || (notes.length > 0 && notes.length !== labels.length))
    return 'data.notes is not one text a picture, or none';
  if (places === null) return undefined;
  const wrong = packedProblem(places, 2);
  if (wrong) return `data.places ${wrong}`;
  const { dims } = places as Packed;
  if (dims[0] !== labels.length || dims[1] !== 2)
    return `data.places is ${dims.join('×')}; expected ${labels.length}×2`;
  return unpack(places as Packed).every(at => at >= 0 && at <= 1)
    ? undefined
    : 'data.places leaves the square from 0 to 1';
};

/** One picture of an atlas. */
export interface AtlasSelection {
  index: number;
  label: string;
}

export interface AtlasOptions extends Selecting<AtlasSelection> {
  title?: string;
  /** One name a picture; its number where left out. */
  labels?: readonly string[];
  /** What else is known of each picture, shown when it is pointed at. */
  notes?: readonly string[];
  /** Where each picture stands, N×2 in any unit, e.g. from a UMAP; on a grid where left out. */
  places?: Tensor | readonly (readonly [number, number])[];
  /** Pictures in a row of the grid, e.g. the columns of the layer; about as many as rows where left out. */
  columns?: number;
}

/**
 * Many pictures on one sheet that can be zoomed, panned and searched: an activation grid, an atlas of features.
 * `onSelect` gets the picture that is clicked.
 * @param pictures N×3×H×W in 0 … 1, or a list of pictures of one size
 * @throws ShapeError where pictures differ in size or number from their labels or places, or are over 20,000
 * @example view.atlas([image, brighter], { labels: ['as it is', 'brighter'], title: 'two textures' })
 */
export function atlas(
  pictures: Tensor | readonly (Tensor | Pixels)[],
  { title = '', labels, notes = [], places, columns, onSelect }: AtlasOptions = {},
): ViewValue<'atlas', Data, AtlasSelection> {
  const tiles = isTensor(pictures)
    ? Array.from({ length: pictures.dims[0] ?? 0 }, (_, i) => pixelsOf(pictures.at(i), [0, 1]))
    : pictures.map(picture => pixelsOf(picture, [0, 1]));
  if (tiles.length === 0 || tiles.length > MOST)
    throw new ShapeError(`an atlas of ${tiles.length} pictures; expected 1 to ${MOST}`);
  const { width, height } = tiles[0];
  const other = tiles.findIndex(tile => tile.width !== width || tile.height !== height);
  if (other >= 0)
    throw new ShapeError(
      `picture ${other} has ${tiles[other].width}×${tiles[other].height} pixels; expected ${width}×${height}, as picture 0 has`,
    );
  const names = labels ?? tiles.map((_, i) => String(i));
  if (names.length !== tiles.length || (notes.length > 0 && notes.length !== tiles.length))
    throw new ShapeError(
      `${names.length} labels and ${notes.length} notes; expected one for each of ${tiles.length} pictures`,
    );
  const across = columns ?? Math.ceil(Math.sqrt((tiles.length * height) / width));
  const sprite = spriteOf(tiles, across);
  if (sprite.width > 16_384 || sprite.height > 16_384 || sprite.width * sprite.height > 2 ** 26)
    throw new ShapeError(
      `${tiles.length} pictures of ${width}×${height} make a sheet of ${sprite.width}×${sprite.height} pixels; expected at most 16384 a side and 2²⁶ in all: make them smaller`,
    );
  const at = places && placesOf(places, tiles.length);
  const bytes = toBase64(encodePng(sprite));
  const data: Data = {
    title,
    sprite: bytes,
    columns: across,
    cell: { width, height },
    labels: [...names],
    notes: [...notes],
    places: at ? pack(at, [tiles.length, 2]) : null,
  };
  const words = () =>
    `${title || 'atlas'}: ${tiles.length} pictures of ${width}×${height} pixels${at ? ', each at its place' : `, ${across} in a row`}`;
  const forms = { png: () => (at ? toBase64(encodePng(spread(tiles, at))) : bytes), words };
  const select = ([index]: readonly number[]) =>
    index < tiles.length && index >= 0 ? { index, label: names[index] } : undefined;
  return new ViewValue('atlas', data, forms, select, onSelect);
}

/** In 0 … 1 both ways; where all have the same coordinate, in the middle. */
function placesOf(places: NonNullable<AtlasOptions['places']>, count: number): Float32Array {
  const given = isTensor(places) ? places.dims : [places.length, 2];
  const flat = isTensor(places) ? places.toNumbers() : places.flat();
  if (given.length !== 2 || given[0] !== count || given[1] !== 2 || !flat.every(Number.isFinite))
    throw new ShapeError(`places of ${formatDims(given)}; expected ${count}×2 finite numbers`);
  const made = new Float32Array(2 * count);
  for (const axis of [0, 1]) {
    const line = flat.filter((_, i) => i % 2 === axis);
    const low = line.reduce((least, value) => Math.min(least, value), Infinity);
    const span = line.reduce((most, value) => Math.max(most, value), -Infinity) - low;
    line.forEach((value, i) => (made[2 * i + axis] = span > 0 ? (value - low) / span : 0.5));
  }
  return made;
}
