/** What patching each place does: layer × position × head, with the two prompts that were patched. */
import { toBase64 } from '../../base/base64.ts';
import { ShapeError } from '../../base/errors.ts';
import { encodePng } from '../../base/png-encode.ts';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { heat } from '../heat.ts';
import { cellText } from '../html.ts';
import { MOST, pack, packedProblem, unpack, type Packed } from '../packed.ts';
import { isRange, isRecord, isText, isTexts } from '../payload.ts';
import type { Problem, ViewOptions, ViewPayload } from '../payload.ts';
import { heatmap } from '../plot/charts.ts';
import { sheet } from '../sheet.ts';
import { stacked } from '../stack.ts';
import { finiteRange } from '../values.ts';
import { ViewValue, within, type Selecting } from '../view-value.ts';

export type PatchingPayload = ViewPayload<
  'patching',
  {
    title: string;
    /** What a value is, e.g. `share of the difference that comes back`. */
    unit: string;
    /** Names from the input up. */
    layers: string[];
    /** The tokens that were patched, from left to right. */
    positions: string[];
    /** Heads, or sites; one empty name where there is one only. */
    parts: string[];
    /** layers × positions × parts. */
    values: Packed;
    /** Both ends of the colour scale. */
    range: [number, number];
    /** The tokens of the run that was patched, and of that which the values came from; none where not told. */
    prompt: string[];
    source: string[];
  },
  ViewOptions
>;
type Data = PatchingPayload['data'];

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.unit))
    return 'data.title or data.unit is not text';
  const { layers, positions, parts, values, range, prompt, source } = data;
  if (!isTexts(layers) || !isTexts(positions) || !isTexts(parts))
    return 'data.layers, data.positions or data.parts is not a list of texts';
  const wrong = packedProblem(values, 3);
  if (wrong) return `data.values ${wrong}`;
  const { dims } = values as Packed;
  const expected = [layers.length, positions.length, parts.length];
  if (!dims.every((dim, i) => dim === expected[i]) || expected.includes(0))
    return `data.values is ${dims.join('×')}; expected ${expected.join('×')}, none of them 0`;
  if (layers.length > 512 || positions.length > 2048) return 'there are over 512 layers or 2048 positions';
  if (!isRange(range)) return 'data.range is not two numbers in order';
  const told = (list: unknown) => isTexts(list) && (list.length === 0 || list.length === positions.length);
  return told(prompt) && told(source)
    ? undefined
    : 'data.prompt or data.source is not one text a position, or none';
};

/** One patched place, and what patching it did. */
export interface PatchingSelection {
  layer: number;
  position: number;
  part: number;
  value: number;
}

export interface PatchingOptions extends Selecting<PatchingSelection> {
  title?: string;
  /** What a value is. */
  unit?: string;
  /** One name a layer, from the input up; `layer 0` … where left out. */
  layers?: readonly string[];
  /** One name a head or site; `head 0` … where left out. */
  parts?: readonly string[];
  /** The tokens of the run that was patched: one a position. */
  prompt?: readonly string[];
  /** The tokens of the run that the values came from. */
  source?: readonly string[];
  /** Both ends of the colour scale; by default symmetric about zero. */
  range?: readonly [number, number];
}

function words({ title, unit, layers, positions, parts, values }: Data): string {
  const numbers = unpack(values);
  const best = Array.from(numbers, (value, at) => ({ value, at }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, 5)
    .map(({ value, at }) => {
      const part = at % parts.length;
      const position = Math.floor(at / parts.length) % positions.length;
      const layer = Math.floor(at / parts.length / positions.length);
      return `${layers[layer]}, ${position} ${JSON.stringify(positions[position])}${parts[part] && `, ${parts[part]}`}: ${cellText(value)}`;
    });
  return [
    `${title || 'patching'}: ${layers.length} layers, ${positions.length} positions, ${parts.length} ${parts.length === 1 ? 'site' : 'parts'}; most by ${unit}:`,
    ...best,
  ].join('\n');
}

/** One part, layers upwards, row by row from the top. */
export function slicePart({ layers, positions, parts }: Data, values: ArrayLike<number>, part: number) {
  const [height, width] = [layers.length, positions.length];
  const data = new Float32Array(width * height);
  for (let l = 0; l < height; l++)
    for (let p = 0; p < width; p++)
      data[(height - 1 - l) * width + p] = values[(l * width + p) * parts.length + part];
  return { data, width, height, offset: 0 };
}

/** With names of layers and tokens where there is room for them, below each other; else side by side without. */
function picture(data: Data): { svg?(): string; png?(): string } {
  const { title, layers, positions, parts, range } = data;
  const values = unpack(data.values);
  const names = [...layers].reverse();
  const chart = (part: number): string => {
    const { data: cells, width } = slicePart(data, values, part);
    return heatmap(
      names.map((_, r) => Array.from(cells.subarray(r * width, (r + 1) * width))),
      {
        title: [part === 0 && title, parts[part]].filter(Boolean).join(' · '),
        rows: names,
        columns: positions.map((token, p) => `${p} ${token.trim()}`),
        range,
        scale: 'diverging',
        height: 130 + 20 * layers.length,
      },
    ).svg();
  };
  if (parts.length <= 8 && layers.length * positions.length * parts.length <= 3000)
    return {
      svg: () =>
        stacked(
          parts.map((_, part) => chart(part)),
          title || 'patching',
        ),
    };
  return {
    png: () => {
      const tiles = parts.map((label, part) => {
        const slice = slicePart(data, values, part);
        return { label: label || title, pixels: heat(slice.data, slice, range, 'diverging') };
      });
      return toBase64(encodePng(sheet(tiles, { smooth: false, least: 160 })));
    },
  };
}

/**
 * What patching each place of a network does, as colour: blue where it takes away, red where it gives; one map a head
 * or site. A click tells the number and marks the patched token in both prompts; `onSelect` gets the place.
 * @param values layers×positions, or layers×positions×parts (heads, or sites)
 * @param positions the tokens at the positions
 * @throws ShapeError where names and dims differ, or there are over 2²⁴ numbers
 * @example view.patching(tensor([0, 0.1, 0.9, 0], [2, 2]), ['the', ' cat'], { unit: 'logit difference' })
 */
export function patching(
  values: Tensor,
  positions: readonly string[],
  {
    title = '',
    unit = 'effect',
    layers,
    parts,
    prompt = [],
    source = [],
    range,
    onSelect,
  }: PatchingOptions = {},
): ViewValue<'patching', Data, PatchingSelection> {
  const dims = values.dims.length === 2 ? [...values.dims, 1] : [...values.dims];
  if (dims.length !== 3 || values.size === 0 || values.size > MOST)
    throw new ShapeError(
      `effects of ${formatDims(values.dims)}; expected layers×positions or layers×positions×parts, at most ${MOST} numbers`,
    );
  const rows = layers ?? Array.from({ length: dims[0] }, (_, l) => `layer ${l}`);
  const names = parts ?? (dims[2] === 1 ? [''] : Array.from({ length: dims[2] }, (_, h) => `head ${h}`));
  const told: [string, readonly string[], number][] = [
    ['layers', rows, dims[0]],
    ['positions', positions, dims[1]],
    ['parts', names, dims[2]],
    ['tokens of the prompt', prompt, prompt.length && dims[1]],
    ['tokens of the source', source, source.length && dims[1]],
  ];
  for (const [what, list, count] of told)
    if (list.length !== count) throw new ShapeError(`${list.length} ${what}; expected ${count}`);
  const numbers = values.toFloat32OrWider();
  const [low, high] = finiteRange(numbers);
  const reach = Math.max(-low, high);
  const data: Data = {
    title,
    unit,
    layers: [...rows],
    positions: [...positions],
    parts: [...names],
    values: pack(numbers, dims),
    range: range ? [...range] : [-reach, reach],
    prompt: [...prompt],
    source: [...source],
  };
  const select = (at: readonly number[]) => {
    const [layer, position, part] = at;
    const value = numbers[(layer * dims[1] + position) * dims[2] + part];
    return within(at, dims) ? { layer, position, part, value } : undefined;
  };
  return new ViewValue('patching', data, { ...picture(data), words: () => words(data) }, select, onSelect);
}
