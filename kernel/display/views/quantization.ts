/** What quantization does to each layer: its bits, the error that it makes, the share of outliers, its size. */
import { ShapeError } from '../../base/errors.ts';
import { cellText, htmlTable } from '../html.ts';
import { isRecord, isText, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { bar } from '../plot/charts.ts';
import { stacked } from '../stack.ts';
import { ViewValue, type Selecting } from '../view-value.ts';

/** One layer as it was quantized. */
export interface QuantizedLayer {
  name: string;
  /** Bits of one weight. */
  bits: number;
  /** Of the weights or of what they make: ‖w − ŵ‖ ⁄ ‖w‖. */
  error: number;
  /** The share of weights that are far from the others, 0 … 1. */
  outliers: number;
  /** Bytes of the quantized weights. */
  bytes: number;
}

export type QuantizationPayload = ViewPayload<
  'quantization',
  { title: string; layers: QuantizedLayer[] },
  ViewOptions
>;
type Data = QuantizationPayload['data'];

const MOST = 2000;
export const columns = ['bits', 'error', 'outliers', 'bytes'] as const;

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title)) return 'data.title is not text';
  const { layers } = data;
  if (!Array.isArray(layers) || layers.length === 0 || layers.length > MOST)
    return `data.layers is not a list of 1 to ${MOST}`;
  for (const [i, layer] of layers.entries()) {
    if (!isRecord(layer) || !isText(layer.name)) return `data.layers[${i}] lacks its name`;
    for (const key of columns) {
      const value = layer[key];
      if (!(typeof value === 'number' && Number.isFinite(value) && value >= 0))
        return `data.layers[${i}].${key} is not a number of at least 0`;
    }
  }
  return undefined;
};

export interface QuantizationOptions extends Selecting<QuantizedLayer> {
  title?: string;
}

/** Mean bits of a weight, by how many bytes the layers take. */
export function meanBits(layers: readonly QuantizedLayer[]): number {
  // weights = 8·bytes ⁄ bits
  const weights = layers.reduce((sum, { bytes, bits }) => sum + (bits > 0 ? (8 * bytes) / bits : 0), 0);
  const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
  return weights > 0 ? (8 * bytes) / weights : 0;
}

function words({ title, layers }: Data): string {
  const worst = [...layers].sort((a, b) => b.error - a.error).slice(0, 5);
  return [
    `${title || 'quantization'}: ${layers.length} layers, ${cellText(+meanBits(layers).toPrecision(3))} bits a weight; largest errors:`,
    ...worst.map(({ name, bits, error }) => `${name}: ${cellText(error)} at ${cellText(bits)} bits`),
  ].join('\n');
}

/** Layers that a saved picture names. */
const SHOWN = 24;

function svg({ title, layers }: Data): string {
  const worst = [...layers].sort((a, b) => b.error - a.error).slice(0, SHOWN);
  const names = worst.map(({ name }) => name);
  const chart = (key: 'error' | 'bits', first: string) =>
    bar(
      names,
      worst.map(layer => layer[key]),
      { title: first, y: key, height: 240 },
    ).svg();
  return stacked([chart('error', title), chart('bits', '')], title || 'quantization');
}

/**
 * A board of a quantized network: bits, error, outliers and bytes of each layer, sorted by any of them.
 * @throws ShapeError where a number is negative or not finite, or there are no layers or over 2,000
 * @example
 * view.quantization([
 *   { name: 'conv1', bits: 8, error: 0.004, outliers: 0.001, bytes: 432 },
 *   { name: 'conv2', bits: 4, error: 0.07, outliers: 0.02, bytes: 2304 },
 * ])
 */
export function quantization(
  layers: readonly QuantizedLayer[],
  { title = '', onSelect }: QuantizationOptions = {},
): ViewValue<'quantization', Data, QuantizedLayer> {
  const data: Data = {
    title,
    layers: layers.map(({ name, bits, error, outliers, bytes }) => ({ name, bits, error, outliers, bytes })),
  };
  const wrong = problem(data);
  if (wrong) throw new ShapeError(`a board of quantized layers: ${wrong.replaceAll('data.', '')}`);
  const forms = {
    svg: () => svg(data),
    html: () =>
      htmlTable(
        ['layer', ...columns],
        layers.map(layer => [layer.name, ...columns.map(key => layer[key])]),
        words(data).split('\n')[0],
      ),
    words: () => words(data),
  };
  return new ViewValue('quantization', data, forms, ([index]) => layers[index], onSelect);
}
