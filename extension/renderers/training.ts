/** Curves of a training run that grow while it runs: a panel a group, and the values at the step that is pointed at. */
import type { TrainingCurve, TrainingPayload } from 'neuronbook/display/views/training';
import { short, ticks } from '../parts/curve.ts';
import { el, ownKeys, setText, svg } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { footWords, levelLines } from '../parts/grid-lines.ts';
import { LabelledSlider, Toggle } from '../parts/labelled.ts';
import { linesOf, smoothed } from '../parts/lines.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/training.css';

export { problem } from 'neuronbook/display/views/training';

const box = { width: 460, height: 190, left: 52, right: 18, top: 10, bottom: 24 };
/** Looks of the curves of one panel, told apart by dashes as well as by colour. */
const dashes = ['', '6 3', '2 2', '9 3 2 3'];

class Training implements View<TrainingPayload> {
  private payload!: TrainingPayload;
  private log = false;
  private smooth = 0;
  private step?: number;
  private cursors: SVGLineElement[] = [];
  private readonly state = el('span', { class: 'nb-Training-state' });
  /** Told at the ends of a run only. */
  private readonly announcement = el('span', { class: 'nb-announcement', role: 'status' });
  private readonly panels = el('div', {
    class: 'nb-Training-panels',
    role: 'application',
    tabindex: 0,
    ...ownKeys,
  });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    const log = new Toggle(trans.__('logarithmic'), on => {
      this.log = on;
      this.draw();
    });
    const smooth = new LabelledSlider(trans.__('smoothing'), { min: 0, max: 95, step: 5 }, value => {
      this.smooth = value / 100;
      smooth.tell(`${value} %`);
      this.draw();
    });
    smooth.set(0);
    smooth.tell('0 %');
    this.panels.addEventListener('pointermove', event => this.onPoint(event));
    this.panels.addEventListener('keydown', event => this.onKey(event));
    this.panels.addEventListener('click', () => this.choose());
    this.frame = frame(
      context,
      'nb-Training',
      [this.state, smooth.node, log.node],
      this.panels,
      this.announcement,
    );
    this.node = this.frame.node;
  }

  update(payload: TrainingPayload): void {
    const before = this.payload?.data.state;
    this.payload = payload;
    const { title, state, step, total, curves } = payload.data;
    const { trans } = this.context;
    this.frame.update(payload, title, trans.__('training'));
    this.node.dataset.state = state;
    const words =
      state === 'running'
        ? total > step
          ? trans.__('step %1 of %2', step, total)
          : trans.__('step %1', step)
        : state === 'interrupted'
          ? trans.__('interrupted at step %1', step)
          : trans.__('done after %1 steps', step);
    setText(this.state, words);
    if (before && before !== state) setText(this.announcement, `${title}: ${words}`);
    this.panels.setAttribute(
      'aria-label',
      trans.__('%1 curves: left and right choose the step', curves.length),
    );
    this.draw();
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private get last(): number {
    const { step, total } = this.payload.data;
    return Math.max(step, total, 1);
  }

  private x(step: number): number {
    return box.left + (step / this.last) * (box.width - box.left - box.right);
  }

  private draw(): void {
    const { curves } = this.payload.data;
    const groups = [...new Set(curves.map(({ group }) => group))];
    this.cursors = [];
    this.panels.replaceChildren(
      ...groups.map(group =>
        this.panel(
          group,
          curves.filter(c => c.group === group),
        ),
      ),
    );
    if (this.step !== undefined) this.go(this.step, false);
  }

  private panel(group: string, curves: readonly TrainingCurve[]): HTMLElement {
    const level = (value: number) => (this.log ? Math.log10(value) : value);
    const drawn = curves.map(({ steps, values }) => ({
      steps,
      values: smoothed(values, this.smooth).map(v => (v === null ? NaN : level(v))),
    }));
    let [low, high] = [Infinity, -Infinity];
    for (const { values } of drawn)
      for (const value of values)
        if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (!(low <= high)) [low, high] = [0, 1];
    const span = high - low || Math.abs(high) || 1;
    const floor = box.height - box.bottom;
    const y = (value: number) => floor - ((value - low) / span) * (floor - box.top);
    const cursor = svg('line', { class: 'nb-Training-cursor', y1: box.top, y2: floor, x1: -9, x2: -9 });
    this.cursors.push(cursor);
    const across = { left: box.left, right: box.width - box.right };
    const grid = levelLines(ticks(low, high, 4), y, across, value => short(this.log ? 10 ** value : value));
    const steps = ticks(0, this.last, 4).map(step => ({
      at: this.x(step),
      text: step ? String(step) : this.context.trans.__('step 0'),
    }));
    const foot = footWords(steps, box.height - 6);
    const paths = drawn.map(({ steps, values }, i) =>
      svg('path', {
        class: `nb-Training-line nb-mod-${i % 6}`,
        d: linesOf(steps, values, step => this.x(step), y),
        'stroke-dasharray': dashes[i % dashes.length] || undefined,
      }),
    );
    const names = curves.map(({ name }, i) =>
      el(
        'span',
        { class: 'nb-Training-name' },
        svg(
          'svg',
          { viewBox: '0 0 24 8', 'aria-hidden': 'true' },
          svg('path', {
            class: `nb-Training-line nb-mod-${i % 6}`,
            d: 'M0 4H24',
            'stroke-dasharray': dashes[i % dashes.length] || undefined,
          }),
        ),
        name,
      ),
    );
    const drawing = svg(
      'svg',
      { viewBox: `0 0 ${box.width} ${box.height}`, 'aria-hidden': 'true' },
      ...grid,
      ...foot,
      ...paths,
      cursor,
    );
    return el(
      'div',
      { class: 'nb-Training-panel' },
      el('div', { class: 'nb-Training-names' }, el('span', { class: 'nb-Training-group' }, group), ...names),
      drawing,
    );
  }

  /** The place of the value nearest to a step. */
  private nearest({ steps }: TrainingCurve, step: number): number {
    let best = 0;
    steps.forEach((at, i) => {
      if (Math.abs(at - step) < Math.abs(steps[best] - step)) best = i;
    });
    return best;
  }

  private go(step: number, tell = true): void {
    const { curves } = this.payload.data;
    this.step = Math.min(this.last, Math.max(0, Math.round(step)));
    const at = String(this.x(this.step));
    for (const cursor of this.cursors) for (const end of ['x1', 'x2']) cursor.setAttribute(end, at);
    if (!tell) return;
    const values = curves.map(curve => {
      const value = curve.values[this.nearest(curve, this.step!)];
      return `${curve.name} ${value === null || value === undefined ? '–' : short(value)}`;
    });
    this.frame.tell([this.context.trans.__('step %1', this.step), ...values].join(' · '));
  }

  private choose(): void {
    const { curves } = this.payload.data;
    if (curves.length && this.step !== undefined)
      this.frame.selection.choose(0, this.nearest(curves[0], this.step));
  }

  private onPoint(event: PointerEvent): void {
    const drawing = (event.target as Element).closest?.('.nb-Training-panel > svg');
    if (!drawing) return;
    const frame = drawing.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * box.width;
    this.go(((x - box.left) / (box.width - box.left - box.right)) * this.last);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = Math.max(1, Math.round(this.last / (event.shiftKey ? 10 : 100)));
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.go((this.step ?? this.last) - by),
      ArrowRight: () => this.go((this.step ?? 0) + by),
      Home: () => this.go(0),
      End: () => this.go(this.last),
      Enter: () => this.choose(),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }
}

export default (context: ViewContext): View<TrainingPayload> => new Training(context);
