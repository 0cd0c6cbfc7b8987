/**
 * How much of a network is active: a bar a layer to choose from, the units of the chosen one from the busiest to the
 * idlest, and where there are steps, the course of every layer.
 */
import type { SparsityPayload } from 'neuronbook/display/views/sparsity';
import { el, ownKeys, setText, svg } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/sparsity.css';

export { problem } from 'neuronbook/display/views/sparsity';

type Data = SparsityPayload['data'];

/** The box that both pictures are drawn in. */
const [WIDTH, HEIGHT, EDGE] = [600, 140, 4];

const percent = (share: number): string => `${+(100 * share).toPrecision(3)} %`;
const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');

class SparsityView implements View<SparsityPayload> {
  private data!: Data;
  private layer = 0;
  private rank = 0;
  private readonly list = el('div', { class: 'nb-Sparsity-layers', role: 'listbox' });
  private readonly heading = el('p', { class: 'nb-Sparsity-heading' });
  private readonly area = svg('path', { class: 'nb-Sparsity-area' });
  private readonly mark = svg('path', { class: 'nb-Sparsity-mark' });
  private readonly units = svg(
    'svg',
    { class: 'nb-Sparsity-units', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'slider', tabindex: 0, ...ownKeys }, // prettier-ignore
    this.area,
    this.mark,
  );
  private readonly course = el('div', { class: 'nb-Sparsity-course' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    this.list.setAttribute('aria-label', context.trans.__('layers'));
    this.list.addEventListener('keydown', event => this.key(event));
    this.units.addEventListener('pointermove', event => this.point(this.rankAt(event)));
    this.units.addEventListener('click', event => {
      this.point(this.rankAt(event));
      this.frame.selection.choose(this.layer, this.rank);
    });
    this.units.addEventListener('keydown', event => this.unitKey(event));
    this.frame = frame(context, 'nb-Sparsity', [], this.list, this.heading, this.units, this.course);
    this.node = this.frame.node;
  }

  update(payload: SparsityPayload): void {
    this.data = payload.data;
    const { trans } = this.context;
    this.frame.update(payload, this.data.title, trans.__('share of active units'));
    this.layer = Math.min(this.layer, this.data.layers.length - 1);
    this.list.replaceChildren(...this.data.layers.map((_, i) => this.option(i)));
    this.choose(this.layer);
    this.drawCourse();
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private option(i: number): HTMLElement {
    const { name, active } = this.data.layers[i];
    const filled = el('span', { class: 'nb-Sparsity-filled' });
    filled.style.width = `${100 * active}%`;
    const bar = el('span', { class: 'nb-Sparsity-bar' }, filled);
    const made = el(
      'div',
      { class: 'nb-Row nb-Sparsity-layer', role: 'option', ...ownKeys },
      el('span', { class: 'nb-Sparsity-name', dir: 'auto' }, name),
      bar,
      el('span', { class: 'nb-Sparsity-share' }, percent(active)),
    );
    made.addEventListener('click', () => this.choose(i, true));
    return made;
  }

  /** Arrows go from layer to layer. */
  private key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const count = this.data.layers.length;
    this.choose(Math.max(0, Math.min(count - 1, this.layer + step)), true);
  }

  private choose(layer: number, focus = false): void {
    this.layer = layer;
    [...this.list.children].forEach((option, i) => {
      option.setAttribute('aria-selected', String(i === layer));
      option.setAttribute('tabindex', i === layer ? '0' : '-1');
    });
    if (focus) (this.list.children[layer] as HTMLElement).focus();
    const { name, shares } = this.data.layers[layer];
    const { trans } = this.context;
    const dead = shares.filter(share => share === 0).length;
    const always = shares.filter(share => share >= 0.999).length;
    const most = shares.reduce((a, b) => Math.max(a, b), 0);
    setText(
      this.heading,
      trans.__(
        '%1: %2 units, the busiest first, the axis up to %3; %4 never active, %5 always',
        name,
        shares.length,
        percent(most),
        dead,
        always,
      ),
    );
    const points = shares.flatMap((share, i) => {
      const y = HEIGHT - EDGE - (share / (most || 1)) * (HEIGHT - 2 * EDGE);
      return [[this.x(i), y] as const, [this.x(i + 1), y] as const];
    });
    this.area.setAttribute('d', `${path([[0, HEIGHT], ...points, [WIDTH, HEIGHT]])}Z`);
    this.units.setAttribute('aria-label', trans.__('units of %1', name));
    this.units.setAttribute('aria-valuemin', '1');
    this.units.setAttribute('aria-valuemax', String(shares.length));
    this.point(Math.min(this.rank, shares.length - 1));
  }

  private x(rank: number): number {
    return (rank / this.data.layers[this.layer].shares.length) * WIDTH;
  }

  private rankAt(event: MouseEvent): number {
    const { left, width } = this.units.getBoundingClientRect();
    const { length } = this.data.layers[this.layer].shares;
    return Math.max(0, Math.min(length - 1, Math.floor(((event.clientX - left) / width) * length)));
  }

  private unitKey(event: KeyboardEvent): void {
    const { length } = this.data.layers[this.layer].shares;
    const by = event.shiftKey ? 10 : 1;
    const to = { ArrowRight: this.rank + by, ArrowLeft: this.rank - by, Home: 0, End: length - 1 }[event.key];
    const enter = event.key === 'Enter';
    if ((to === undefined && !enter) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (enter) this.frame.selection.choose(this.layer, this.rank);
    else this.point(Math.max(0, Math.min(length - 1, to ?? 0)));
  }

  private point(rank: number): void {
    this.rank = rank;
    const { shares, units } = this.data.layers[this.layer];
    const middle = (this.x(rank) + this.x(rank + 1)) / 2;
    this.mark.setAttribute('d', path([[middle, 0], [middle, HEIGHT]])); // prettier-ignore
    const text = this.context.trans.__(
      'unit %1 · active for %2 of the rows · rank %3',
      units[rank],
      percent(shares[rank]),
      rank + 1,
    );
    this.units.setAttribute('aria-valuenow', String(rank + 1));
    this.units.setAttribute('aria-valuetext', text);
    this.frame.tell(text);
  }

  /** A line a layer, from the first step to the last. */
  private drawCourse(): void {
    const { steps, layers } = this.data;
    const { trans } = this.context;
    const drawn = layers.filter(({ course }) => course.length > 1);
    this.course.hidden = drawn.length === 0;
    if (!drawn.length) return;
    const [first, last] = [steps[0], steps[steps.length - 1]];
    const most = drawn.flatMap(({ course }) => course).reduce((a, b) => Math.max(a, b), 0);
    const x = (step: number) => EDGE + ((step - first) / (last - first || 1)) * (WIDTH - 2 * EDGE);
    const y = (share: number) => HEIGHT - EDGE - (share / (most || 1)) * (HEIGHT - 2 * EDGE);
    const picture = svg('svg', {
      class: 'nb-Sparsity-lines',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': drawn
        .map(({ name, course }) => `${name}: ${percent(course[0])} → ${percent(course[course.length - 1])}`)
        .join(', '),
    });
    drawn.forEach(({ name, course }, i) => {
      const line = svg('path', {
        class: 'nb-Sparsity-line',
        'data-tone': i % 6,
        d: path(course.map((share, s) => [x(steps[s]), y(share)] as const)),
      });
      line.append(svg('title', {}, name));
      picture.append(line);
    });
    const key = el('p', { class: 'nb-Sparsity-key' });
    drawn.forEach(({ name, course }, i) =>
      key.append(
        el(
          'span',
          { class: 'nb-Sparsity-entry', 'data-tone': i % 6 },
          `${name} ${percent(course[0])} → ${percent(course[course.length - 1])}`,
        ),
      ),
    );
    this.course.replaceChildren(
      el(
        'p',
        { class: 'nb-Sparsity-heading' },
        trans.__('share of active units from step %1 to %2, the axis up to %3', first, last, percent(most)),
      ),
      picture,
      key,
    );
  }
}

export default (context: ViewContext): View<SparsityPayload> => new SparsityView(context);
