/** A training run as curves that grow while it runs: losses, accuracies, rates, each group in a panel of its own. */
import { ShapeError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import { cellText } from '../html.ts';
import { display, type DisplayHandle } from '../display.ts';
import { isNumbers, isRecord, isText, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { lines } from '../plot/charts.ts';
import { stacked } from '../stack.ts';
import { ViewValue, type Selecting } from '../view-value.ts';

export interface TrainingCurve {
  name: string;
  /** Curves of one group share a panel and its axis. */
  group: string;
  /** The step of each value; null where a value is not finite. */
  steps: number[];
  values: (number | null)[];
}

export type TrainingPayload = ViewPayload<
  'training',
  {
    title: string;
    state: 'running' | 'done' | 'interrupted';
    /** Steps done, and asked for (0 where not told). */
    step: number;
    total: number;
    curves: TrainingCurve[];
  },
  ViewOptions
>;
type Data = TrainingPayload['data'];

const limits = { curves: 64, points: 200_000 };

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title)) return 'data.title is not text';
  if (!['running', 'done', 'interrupted'].includes(data.state as string))
    return `data.state is ${JSON.stringify(data.state)}; expected running, done or interrupted`;
  if (!Number.isFinite(data.step) || !Number.isFinite(data.total))
    return 'data.step or data.total is not a number';
  const { curves } = data;
  if (!Array.isArray(curves) || curves.length > limits.curves)
    return `data.curves is not a list of at most ${limits.curves}`;
  let points = 0;
  for (const [i, curve] of curves.entries()) {
    if (!isRecord(curve) || !isText(curve.name) || !isText(curve.group))
      return `data.curves[${i}] lacks its name or group`;
    const { steps, values } = curve;
    if (
      !isNumbers(values) ||
      !isNumbers(steps) ||
      !steps.every(Number.isFinite) ||
      steps.length !== values.length
    )
      return `data.curves[${i}] is not one value a step`;
    points += steps.length;
  }
  return points > limits.points
    ? `there are ${points} points; at most ${limits.points} are drawn`
    : undefined;
};

/** One value of one curve. */
export interface TrainingSelection {
  curve: string;
  step: number;
  value: number | null;
}

export interface TrainingOptions extends Selecting<TrainingSelection> {
  title?: string;
  /** Steps asked for. */
  total?: number;
  state?: 'running' | 'done' | 'interrupted';
  /** The panel of each curve; curves that are not named have one of their own name's first word. */
  groups?: Readonly<Record<string, string>>;
}

/** Values of one curve: one a step from 0 on, or with steps of their own. */
export type CurveForm = ArrayLike<number> | { steps: readonly number[]; values: readonly number[] };

const groupsOf = (data: Data): string[] => [...new Set(data.curves.map(({ group }) => group))];

function svg(data: Data): string {
  const charts = groupsOf(data).map((group, g) => {
    const curves = data.curves.filter(curve => curve.group === group);
    const series = curves.map(({ name, steps, values }) => ({
      name,
      x: steps,
      y: values.map(value => value ?? NaN),
    }));
    return lines(series, { title: g === 0 ? data.title : '', x: 'step', y: group, height: 220 }).svg();
  });
  return stacked(charts, words(data).split('\n')[0]);
}

function words({ title, state, step, total, curves }: Data): string {
  const done = state === 'running' ? `step ${step} of ${total || '…'}` : `${state} at step ${step}`;
  const last = curves.map(
    ({ name, values }) => `${name}: ${cellText(values.findLast(value => value !== null) ?? undefined)}`,
  );
  return [`${title || 'training'}: ${done}`, ...last].join('\n');
}

/**
 * Curves of a training run: each group in a panel, with the values at the step that is pointed at.
 * @param curves by name, e.g. `run.losses`
 * @throws ShapeError where a curve has other steps than values, or there are over 64 curves
 * @example view.training({ loss: [2.3, 1.1, 0.7], accuracy: [0.1, 0.6, 0.8] }, { title: 'a short run' })
 */
export function training(
  curves: Readonly<Record<string, CurveForm>>,
  { title = '', total = 0, state = 'done', groups = {}, onSelect }: TrainingOptions = {},
): ViewValue<'training', Data, TrainingSelection> {
  const names = Object.keys(curves);
  if (names.length > limits.curves)
    throw new ShapeError(`${names.length} curves; expected at most ${limits.curves}`);
  const made = names.map((name): TrainingCurve => {
    const form = curves[name];
    const given = 'steps' in form ? form : { steps: Array.from(form, (_, i) => i), values: Array.from(form) };
    if (given.steps.length !== given.values.length)
      throw new ShapeError(
        `the curve ${name} has ${given.steps.length} steps and ${given.values.length} values`,
      );
    const values = given.values.map(value => (Number.isFinite(value) ? value : null));
    return { name, group: groups[name] ?? name.split(' ')[0], steps: [...given.steps], values };
  });
  const step = made.reduce((last, { steps }) => Math.max(last, steps.at(-1) ?? 0), 0);
  const data: Data = { title, state, step, total: Math.max(total, step), curves: made };
  const select = ([curve, point]: readonly number[]) => {
    const found = made[curve];
    return found && point >= 0 && point < found.steps.length
      ? { curve: found.name, step: found.steps[point], value: found.values[point] }
      : undefined;
  };
  return new ViewValue(
    'training',
    data,
    { svg: () => svg(data), words: () => words(data) },
    select,
    onSelect,
  );
}

/** A training run that is watched: tell it what each step gave. */
export interface Monitor {
  /** The picture follows a few times a second, however often this is called. */
  add(step: number, values: Readonly<Record<string, number>>): void;
  /** Draws the last state; `interrupted` where the run was stopped. */
  done(state?: 'done' | 'interrupted'): void;
}

/** Between two pictures, in milliseconds; and the points of a curve that are kept, every second one of them beyond. */
const pace = { ms: 300, points: 2000 };

/**
 * Shows curves under the cell that grow while a loop of one's own runs.
 * @example
 * const watched = view.monitor({ title: 'by hand', total: 3 })
 * for (let step = 1; step <= 3; step++) watched.add(step, { loss: 1 / step })
 * watched.done()
 */
export function monitor(options: Omit<TrainingOptions, 'state' | 'onSelect'> = {}): Monitor {
  const curves: Record<string, { steps: number[]; values: number[] }> = {};
  let shown: DisplayHandle | undefined;
  let last = 0;
  const draw = (state: 'running' | 'done' | 'interrupted') => {
    const view = training(curves, { ...options, state });
    shown = shown ? shown.update(view) : display(view);
    last = Date.now();
  };
  return {
    add(step, values) {
      for (const [name, value] of Object.entries(values)) {
        const curve = (curves[name] ??= { steps: [], values: [] });
        curve.steps.push(step);
        curve.values.push(value);
        if (curve.steps.length > pace.points) {
          const kept = (_: number, i: number) => i % 2 === 0 || i === curve.steps.length - 1;
          [curve.steps, curve.values] = [curve.steps.filter(kept), curve.values.filter(kept)];
        }
      }
      if (Date.now() - last >= pace.ms) draw('running');
    },
    done: (state = host().interrupted ? 'interrupted' : 'done') => draw(state),
  };
}
