/** Outputs of a live figure's graph → charts, pictures and coloured text. The same in the kernel and in a page. */
import type { Pixels } from '../../base/png.ts';
import { heat, thinned } from '../heat.ts';
import { bar, heatmap, lines } from '../plot/charts.ts';
import type { Chart, ColorScale } from '../plot/figure.ts';
import { finiteRange } from '../values.ts';
import type { LiveControl, LiveDrawing, Names } from './live.ts';
import { wordsOf, type LiveValues } from './live-feeds.ts';
import type { TokensPayload } from './tokens.ts';

/** One output, row-major. */
export interface LiveOutput {
  dims: readonly number[];
  data: Float32Array;
}

export type Drawn =
  | { kind: 'chart'; chart: Chart }
  | { kind: 'pixels'; pixels: Pixels; title: string }
  | { kind: 'tokens'; payload: TokensPayload };

/** Rows or columns of a heat map whose cells are drawn one by one; a larger one is drawn as a picture. */
const CELLS = 72;

/** Numbers along one axis that a page draws. */
const SIDE = 8192;

/** The names as they are now: words that are read end where the text ends. */
function namesNow(
  names: Names | undefined,
  controls: Readonly<Record<string, LiveControl>>,
  values: LiveValues,
): string[] | undefined {
  if (!names || Array.isArray(names)) return names;
  const control = controls[names.control];
  return control?.kind === 'words' ? wordsOf(control, String(values[names.control])) : undefined;
}

/** A range that holds what is asked for and what there is, so that the scale stands still while a control moves. */
function spanOf(data: ArrayLike<number>, range: readonly [number, number] | undefined): [number, number] {
  const [low, high] = finiteRange(Array.from(data));
  return range ? [Math.min(low, range[0]), Math.max(high, range[1])] : [low, high];
}

const withoutOnes = (dims: readonly number[], rank: number): number[] => {
  const kept = [...dims];
  while (kept.length > rank && kept[0] === 1) kept.shift();
  while (kept.length > rank && kept.at(-1) === 1) kept.pop();
  return kept;
};

/** @throws RangeError where the output's rank does not suit the drawing */
export function drawingOf(
  drawing: LiveDrawing,
  { dims, data }: LiveOutput,
  controls: Readonly<Record<string, LiveControl>>,
  values: LiveValues,
): Drawn {
  const { title, kind } = drawing;
  const now = (names: Names | undefined) => namesNow(names, controls, values);
  const ranked = (...ranks: number[]) => {
    const shape = withoutOnes(dims, ranks[0]);
    if (!ranks.includes(shape.length))
      throw new RangeError(
        `${kind} of ${drawing.output} are drawn from ${ranks.join(' or ')} dims; it has ${dims.join('×') || 'none'}`,
      );
    return shape;
  };
  if (dims.some(dim => dim > SIDE))
    throw new RangeError(`${drawing.output} has ${dims.join('×')} numbers, too many`);
  switch (kind) {
    case 'bars': {
      ranked(1);
      const labels = now(drawing.labels) ?? [];
      const shown = data.subarray(0, labels.length);
      const yRange = drawing.range && spanOf(shown, drawing.range);
      return {
        kind: 'chart',
        chart: bar(labels.slice(0, shown.length), shown, { title, y: drawing.y, yRange, height: 300 }),
      };
    }
    case 'lines': {
      const shape = ranked(2, 1);
      const [count, length] = shape.length === 2 ? shape : [1, shape[0]];
      const series = Array.from({ length: count }, (_, i) => ({
        ...(count > 1 || drawing.names.length ? { name: drawing.names[i] ?? String(i) } : {}),
        y: data.subarray(i * length, (i + 1) * length),
      }));
      const yRange = drawing.range && spanOf(data, drawing.range);
      return {
        kind: 'chart',
        chart: lines(series, { title, x: drawing.x, y: drawing.y, yRange, height: 300 }),
      };
    }
    case 'heatmap': {
      const [height, width] = ranked(2);
      const [rowNames, columnNames] = [now(drawing.rows), now(drawing.columns)];
      const [rows, columns] = [
        Math.min(rowNames?.length ?? height, height),
        Math.min(columnNames?.length ?? width, width),
      ];
      const list = Array.from({ length: rows }, (_, i) =>
        Array.from(data.subarray(i * width, i * width + columns)),
      );
      const span = spanOf(list.flat(), drawing.range);
      const scale: ColorScale = span[0] < 0 && span[1] > 0 ? 'diverging' : 'sequential';
      const largest = Math.max(-span[0], span[1]);
      const range: [number, number] = scale === 'diverging' ? [-largest, largest] : span;
      if (Math.max(rows, columns) > CELLS) {
        const small = thinned(list.flat(), { width: columns, height: rows }, 512);
        return { kind: 'pixels', title, pixels: heat(small.data, small, range, scale) };
      }
      const labels = { rows: rowNames?.slice(0, rows), columns: columnNames?.slice(0, columns) };
      return {
        kind: 'chart',
        chart: heatmap(list, {
          title,
          x: drawing.x,
          y: drawing.y,
          ...labels,
          range,
          scale,
          square: true,
          width: 440,
        }),
      };
    }
    case 'picture': {
      const shape = ranked(3, 2);
      return { kind: 'pixels', title, pixels: pixelsOf(data, shape, drawing.range) };
    }
    case 'tokens': {
      ranked(1);
      const tokens = (now(drawing.words) ?? []).slice(0, data.length);
      const shown = Array.from(data.subarray(0, tokens.length), value =>
        Number.isFinite(value) ? value : null,
      );
      const [low, high] = spanOf(data.subarray(0, tokens.length), drawing.range);
      return {
        kind: 'tokens',
        payload: {
          version: 1,
          view: 'tokens',
          data: {
            title,
            unit: drawing.unit,
            texts: [{ label: '', tokens: tokens.map(token => `${token} `), values: shown }],
            range: [Math.min(low, 0), Math.max(high, 0)],
          },
          options: {},
        },
      };
    }
  }
}

/** Three planes as colours as they are, in [0, 1]; one in the colours of a heat map, over its own range. */
function pixelsOf(data: Float32Array, shape: readonly number[], range?: readonly [number, number]): Pixels {
  const [height, width] = shape.slice(-2);
  const planes = shape.length === 3 ? shape[0] : 1;
  if (planes !== 3) {
    const span = spanOf(data, range);
    const scale = span[0] < 0 && span[1] > 0 ? 'diverging' : 'sequential';
    const largest = Math.max(-span[0], span[1]);
    return heat(data, { width, height }, scale === 'diverging' ? [-largest, largest] : span, scale);
  }
  const [low, high] = range ?? [0, 1];
  const pixels = new Uint8Array(3 * width * height);
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < width * height; i++)
      pixels[3 * i + c] = Math.max(
        0,
        Math.min(255, Math.round((255 * (data[c * width * height + i] - low)) / (high - low || 1))),
      );
  return { width, height, channels: 3, data: pixels };
}
