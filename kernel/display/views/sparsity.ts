/** How much of a network is active: a bar a layer, its units from the busiest to the idlest, and its course over training. */
import { ShapeError } from '../../base/errors.ts';
import { isNumbers, isRecord, isText, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { bar, lines } from '../plot/charts.ts';
import { ViewValue, within, type Selecting } from '../view-value.ts';

/** One layer as the view draws it. */
interface DrawnLayer {
  name: string;
  /** Share of its entries that are active. */
  active: number;
  /** How often each unit is active, the busiest first, and which unit that is. */
  shares: number[];
  units: number[];
  /** The layer's share at each step; empty where there is one step alone. */
  course: number[];
}

export type SparsityPayload = ViewPayload<
  'sparsity',
  { title: string; steps: number[]; layers: DrawnLayer[] },
  ViewOptions
>;

/** A share is a number from 0 to 1. */
const areShares = (value: unknown): value is number[] =>
  isNumbers(value) && value.every(share => share !== null && share >= 0 && share <= 1);

/** What a notebook should carry: layers, units of one and of all together. */
const limits = { layers: 2000, units: 2 ** 16, all: 2 ** 20 };

const isUnit = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

function layerProblem(layer: unknown, steps: number): string | undefined {
  if (!isRecord(layer) || !isText(layer.name)) return 'has no name';
  const { active, shares, units, course } = layer;
  if (!areShares([active])) return 'has an active share that is not from 0 to 1';
  if (!areShares(shares) || shares.length === 0 || shares.length > limits.units)
    return `has shares that are not 1 to ${limits.units} numbers from 0 to 1`;
  if (!isNumbers(units) || units.length !== shares.length || !units.every(isUnit))
    return 'has units that are not one number a share';
  if (!areShares(course) || (course.length !== 0 && course.length !== steps))
    return 'has a course that is not one share a step';
  return undefined;
}

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title)) return 'data.title is not text';
  const { steps, layers } = data;
  if (!isNumbers(steps) || !steps.every(Number.isFinite)) return 'data.steps is not a list of numbers';
  if (!Array.isArray(layers) || layers.length === 0 || layers.length > limits.layers)
    return `data.layers is not a list of 1 to ${limits.layers} layers`;
  for (const [i, layer] of layers.entries()) {
    const wrong = layerProblem(layer, steps.length);
    if (wrong) return `data.layers[${i}] ${wrong}`;
  }
  const units = (layers as DrawnLayer[]).reduce((sum, { shares }) => sum + shares.length, 0);
  return units > limits.all ? `there are ${units} units; at most ${limits.all} are drawn` : undefined;
};

/** One unit of one layer. */
export interface SparsitySelection {
  layer: string;
  unit: number;
  /** How often it is active. */
  active: number;
}

export interface SparsityLayer {
  /** Share of the layer's entries that are active. */
  readonly active: number;
  /** How often each unit is active, by its number. */
  readonly units: ArrayLike<number>;
  /** The layer's active share at each of `steps`. */
  readonly course?: readonly number[];
}

export interface SparsityOptions extends Selecting<SparsitySelection> {
  title?: string;
  /** Steps of a training, where the layers have a course. */
  steps?: readonly number[];
}

/**
 * The share of active units of each layer, with every unit of the layer that is chosen, and the layers' course over
 * training. `sparsity.stats` and `sparsity.course` show themselves so.
 * @param layers by name
 * @throws ShapeError where a share is not from 0 to 1, or a course has no share for a step
 * @example view.sparsity({ first: { active: 0.25, units: [0.5, 0] } }, { title: 'two units' })
 */
export function sparsity(
  layers: Readonly<Record<string, SparsityLayer>>,
  { title = '', steps = [], onSelect }: SparsityOptions = {},
): ViewValue<'sparsity', SparsityPayload['data'], SparsitySelection> {
  const data: SparsityPayload['data'] = {
    title,
    steps: [...steps],
    layers: Object.entries(layers).map(([name, { active, units, course = [] }]) => {
      const order = Array.from({ length: units.length }, (_, i) => i).sort((a, b) => units[b] - units[a]);
      const shares = order.map(unit => +units[unit].toPrecision(4));
      return { name, active, shares, units: order, course: [...course] };
    }),
  };
  const wrong = problem(data);
  if (wrong) throw new ShapeError(`no sparsity to show: ${wrong.replaceAll('data.', '')}`);
  const select = (at: readonly number[]) => {
    const [layer, rank] = at;
    const known = data.layers[layer];
    if (!known || !within(at, [data.layers.length, known.units.length])) return undefined;
    return { layer: known.name, unit: known.units[rank], active: known.shares[rank] };
  };
  return new ViewValue(
    'sparsity',
    data,
    { svg: () => svg(data), words: () => words(data) },
    select,
    onSelect,
  );
}

function svg({ title, steps, layers }: SparsityPayload['data']): string {
  const options = { title: title || 'share of active units', y: 'share', height: 280 };
  const trained = steps.length > 1 && layers.every(({ course }) => course.length);
  const chart = trained
    ? lines(
        layers.map(({ name, course }) => ({ name, x: steps, y: course })),
        { ...options, x: 'step' },
      )
    : bar(
        layers.map(({ name }) => name),
        layers.map(({ active }) => active),
        options,
      );
  return chart.svg();
}

const percent = (share: number): string => `${+(100 * share).toPrecision(3)} %`;

const words = ({ title, layers }: SparsityPayload['data']): string =>
  [
    title || 'share of active units',
    ...layers.map(({ name, active, shares, course }) => {
      const dead = shares.filter(share => share === 0).length;
      const before = course.length ? `, from ${percent(course[0])}` : '';
      return `${name}: ${percent(active)} active${before}, ${shares.length} units, ${dead} never`;
    }),
  ].join('\n');
