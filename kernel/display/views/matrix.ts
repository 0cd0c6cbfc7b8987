/** A tensor of any shape to look through: two of its dims as colour, the others by number. */
import { toBase64 } from '../../base/base64.ts';
import { ShapeError } from '../../base/errors.ts';
import { encodePng } from '../../base/png.ts';
import { formatDims } from '../../base/shape.ts';
import { isTensor, tensor, type Tensor } from '../../base/tensor.ts';
import { heat, thinned } from '../heat.ts';
import { cellText } from '../html.ts';
import { pack, packBytes, packedProblem, unpack, type Packed } from '../packed.ts';
import {
  isRange,
  isRecord,
  isText,
  isTexts,
  type Problem,
  type ViewOptions,
  type ViewPayload,
} from '../payload.ts';
import { sheet } from '../sheet.ts';
import { finiteRange, toNumbers, type Values } from '../values.ts';
import { ViewValue, within, type Selecting } from '../view-value.ts';

export type MatrixPayload = ViewPayload<
  'matrix',
  {
    title: string;
    /** What a value is. */
    unit: string;
    /** One name a dim. */
    axes: string[];
    values: Packed;
    /** The values of both ends of the colour scale, which is diverging where they differ in sign. */
    range: [number, number];
  },
  ViewOptions
>;

/** One number of a tensor. */
export interface MatrixSelection {
  index: number[];
  value: number;
}

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.unit))
    return 'data.title or data.unit is not text';
  const wrong = packedProblem(data.values);
  if (wrong) return `data.values ${wrong}`;
  const { dims } = data.values as Packed;
  if (!isTexts(data.axes) || data.axes.length !== dims.length) return 'data.axes is not one name a dim';
  return isRange(data.range) ? undefined : 'data.range is not two numbers in order';
};

export interface MatrixOptions extends Selecting<MatrixSelection> {
  title?: string;
  /** What a value is. */
  unit?: string;
  /** One name a dim, e.g. `['head', 'query', 'key']`. */
  axes?: readonly string[];
  /** Both ends of the colour scale; by default the least and the greatest, symmetric about zero where they differ in sign. */
  range?: readonly [number, number];
}

/** Numbers that a saved notebook should carry, and from which on each is kept as one byte. */
const limits = { most: 2 ** 22, exact: 2 ** 16 };

type Data = MatrixPayload['data'];

/** The first two-dimensional slice. */
function png({ values, range, title }: Data): string {
  const [height, width] = [1, 1, ...values.dims].slice(-2);
  const scale = range[0] < 0 && range[1] > 0 ? 'diverging' : 'sequential';
  const small = thinned(unpack(values), { width, height }, 512);
  const pixels = heat(small.data, small, range, scale);
  return toBase64(encodePng(sheet([{ label: title, pixels }], { smooth: false, least: 240 })));
}

/**
 * A tensor to look through: any two dims as a picture in colour, the others chosen by number, values under the pointer.
 * @param values a tensor of any shape up to 2²² numbers, or rows of numbers
 * @throws ShapeError where it has more numbers than that, or none, or other names than dims
 * @example view.matrix(tensor([1, -2, 3, 4, 5, 6], [1, 2, 3]), { axes: ['head', 'row', 'column'] })
 */
export function matrix(
  values: Tensor | readonly Values[],
  { title = '', unit = 'value', axes, range, onSelect }: MatrixOptions = {},
): ViewValue<'matrix', Data, MatrixSelection> {
  const given = isTensor(values) ? values : fromRows(values);
  const { dims, size } = given;
  if (size === 0 || size > limits.most)
    throw new ShapeError(
      `a tensor of ${formatDims(dims)}, ${size} numbers; expected 1 to ${limits.most}: take a part of it with \`.at(i)\``,
    );
  const names = axes ?? dims.map((_, i) => `dim ${i}`);
  if (names.length !== dims.length)
    throw new ShapeError(`${names.length} names of dims; expected ${dims.length} for ${formatDims(dims)}`);
  const numbers = given.toFloat32OrWider();
  const [low, high] = finiteRange(numbers);
  const reach = Math.max(-low, high);
  const ends: [number, number] = range ? [...range] : low < 0 && high > 0 ? [-reach, reach] : [low, high];
  const words = `${title || 'tensor'} ${given.dtype} ${formatDims(dims)}: ${unit}s from ${cellText(low)} to ${cellText(high)}`;
  const packed = size > limits.exact ? packBytes(numbers, dims, [low, high]) : pack(numbers, dims);
  const data: Data = { title, unit, axes: [...names], values: packed, range: ends };
  const select = (at: readonly number[]) =>
    within(at, dims)
      ? { index: [...at], value: numbers[at.reduce((flat, index, i) => flat * dims[i] + index, 0)] }
      : undefined;
  return new ViewValue('matrix', data, { png: () => png(data), words: () => words }, select, onSelect);
}

function fromRows(rows: readonly Values[]): Tensor {
  const numbers = rows.map(toNumbers);
  const width = numbers[0]?.length ?? 0;
  const uneven = numbers.findIndex(row => row.length !== width);
  if (uneven >= 0)
    throw new ShapeError(
      `row ${uneven} has ${numbers[uneven].length} numbers; expected ${width}, as row 0 has`,
    );
  return tensor(Float32Array.from(numbers.flat()), [rows.length, width]);
}
