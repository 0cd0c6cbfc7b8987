/** A histogram of each layer, one above another: how values grow, shift and empty on their way up. */
import { ShapeError } from '../../base/errors.ts';
import { cellText } from '../html.ts';
import { pack, packedProblem, unpack, type Packed } from '../packed.ts';
import { isRange, isRecord, isText, isTexts } from '../payload.ts';
import type { Problem, ViewOptions, ViewPayload } from '../payload.ts';
import { ridgesSvg, type Ridges } from '../drawings/ridges.ts';
import { finiteRange, toNumbers, type Values } from '../values.ts';
import { ViewValue, within, type Selecting } from '../view-value.ts';

export type RidgelinePayload = ViewPayload<
  'ridgeline',
  Ridges & {
    /** layers × bins: how many values fall into each bin of the range. */
    counts: Packed;
  },
  ViewOptions
>;
type Data = RidgelinePayload['data'];

const limits = { layers: 256, bins: 1024 };

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.unit))
    return 'data.title or data.unit is not text';
  const { layers, notes, range, counts } = data;
  if (!isTexts(layers) || layers.length === 0 || layers.length > limits.layers)
    return `data.layers is not a list of 1 to ${limits.layers} texts`;
  if (!isTexts(notes) || notes.length !== layers.length) return 'data.notes is not one text a layer';
  if (!isRange(range) || range[0] === range[1]) return 'data.range is not two different numbers in order';
  const wrong = packedProblem(counts, 2);
  if (wrong) return `data.counts ${wrong}`;
  const { dims } = counts as Packed;
  return dims[0] === layers.length && dims[1] > 0 && dims[1] <= limits.bins
    ? undefined
    : `data.counts is ${dims.join('×')}; expected ${layers.length}×1 to ${limits.bins}`;
};

/** One bin of one layer. */
export interface RidgelineSelection {
  layer: string;
  /** Both ends of the bin, and how many values it holds. */
  from: number;
  to: number;
  count: number;
}

export interface RidgelineOptions extends Selecting<RidgelineSelection> {
  title?: string;
  /** What a value is. */
  unit?: string;
  /** Bins of each histogram. */
  bins?: number;
  /** The values that are counted; by default from the least to the greatest. */
  range?: readonly [number, number];
}

/**
 * Histograms of several layers, one above another, over one axis. Where over a twentieth of a layer is exactly zero, the
 * zeros are told in words instead of drawn.
 * @param layers by name, from the input up: all values of each, in any shape
 * @throws ShapeError where there are no layers, over 256, or no finite value
 * @example
 * const { sites } = await model.run({ image }, { read: [/^conv/] })
 * view.ridgeline(sites, { title: 'activations of one picture', unit: 'activation' })
 */
export function ridgeline(
  layers: Readonly<Record<string, Values>>,
  { title = '', unit = 'value', bins = 80, range, onSelect }: RidgelineOptions = {},
): ViewValue<'ridgeline', Data, RidgelineSelection> {
  const names = Object.keys(layers);
  if (names.length === 0 || names.length > limits.layers)
    throw new ShapeError(`histograms of ${names.length} layers; expected 1 to ${limits.layers}`);
  if (!Number.isInteger(bins) || bins < 1 || bins > limits.bins)
    throw new ShapeError(`${bins} bins; expected 1 to ${limits.bins}`);
  const values = names.map(name => toNumbers(layers[name]));
  const spans = values.map(finiteRange);
  const least = spans.reduce((low, span) => Math.min(low, span[0]), Infinity);
  const most = spans.reduce((high, span) => Math.max(high, span[1]), -Infinity);
  // a single value stands in the middle of a range of one
  const [low, high] = range ?? (least < most ? [least, most] : [least - 0.5, least + 0.5]);
  if (!(low < high)) throw new ShapeError(`values from ${low} to ${high}; expected a range`);
  const counts = new Float32Array(names.length * bins);
  const notes = values.map((list, l) => {
    let [sum, strange] = [0, 0];
    const zeros = list.filter(value => value === 0).length;
    // what a gate shut is a spike beside which nothing else is seen: it is told in words
    const apart = zeros > list.length / 20;
    for (const value of list) {
      if (!Number.isFinite(value)) strange++;
      else {
        sum += value;
        if (apart && value === 0) continue;
        // the last bin holds its upper end too
        const bin = Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins));
        if (value >= low && value <= high) counts[l * bins + bin]++;
      }
    }
    const finite = list.length - strange;
    return [
      `${list.length} values, mean ${cellText(finite ? sum / finite : 0)}`,
      ...(zeros
        ? [`${Math.round((1000 * zeros) / list.length) / 10} % zero${apart ? ', not drawn' : ''}`]
        : []),
      ...(strange ? [`${strange} not finite`] : []),
    ].join(', ');
  });
  const data: Data = {
    title,
    unit,
    layers: names,
    notes,
    range: [low, high],
    counts: pack(counts, [names.length, bins]),
  };
  const select = (at: readonly number[]) => {
    const [layer, bin] = at;
    const width = (high - low) / bins;
    return within(at, [names.length, bins])
      ? {
          layer: names[layer],
          from: low + bin * width,
          to: low + (bin + 1) * width,
          count: counts[layer * bins + bin],
        }
      : undefined;
  };
  const words = () =>
    [`${title || 'histograms'} by ${unit}`, ...names.map((name, l) => `${name}: ${notes[l]}`)].join('\n');
  const svg = () => ridgesSvg(data, layer => unpack(data.counts).subarray(layer * bins, (layer + 1) * bins));
  return new ViewValue('ridgeline', data, { svg, words }, select, onSelect);
}
