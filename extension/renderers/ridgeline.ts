/** Histograms of layers one above another; one bin of one layer is told at a time. */
import { unpack } from 'neuronbook/display/packed';
import { clipName, layOutRidges, ridgePath, type RidgeLayout } from 'neuronbook/display/drawings/ridges';
import type { RidgelinePayload } from 'neuronbook/display/views/ridgeline';
import { short } from '../parts/curve.ts';
import { el, ownKeys, svg } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { footWords } from '../parts/grid-lines.ts';
import { Toggle } from '../parts/labelled.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/ridgeline.css';

export { problem } from 'neuronbook/display/views/ridgeline';

class Ridgeline implements View<RidgelinePayload> {
  private payload!: RidgelinePayload;
  private layout!: RidgeLayout;
  private counts: Float32Array = new Float32Array();
  private layer = 0;
  private bin = 0;
  private log = false;
  private ridges: SVGPathElement[] = [];
  private readonly cursor = svg('line', { class: 'nb-Ridgeline-cursor' });
  private readonly drawing = svg('svg', {
    class: 'nb-Ridgeline-drawing',
    role: 'application',
    tabindex: 0,
    ...ownKeys,
  });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    const log = new Toggle(trans.__('logarithm of counts'), on => {
      this.log = on;
      this.draw();
    });
    this.drawing.addEventListener('keydown', event => this.onKey(event));
    this.drawing.addEventListener('pointermove', event => this.onPoint(event));
    this.drawing.addEventListener('click', () => this.frame.selection.choose(this.layer, this.bin));
    this.drawing.addEventListener('focus', () => this.go(this.layer, this.bin));
    this.frame = frame(
      context,
      'nb-Ridgeline',
      [log.node],
      el('div', { class: 'nb-Ridgeline-scroll' }, this.drawing),
    );
    this.node = this.frame.node;
  }

  update(payload: RidgelinePayload): void {
    this.payload = payload;
    this.counts = unpack(payload.data.counts);
    this.layout = layOutRidges(payload.data);
    const { title, layers } = payload.data;
    const { trans } = this.context;
    this.frame.update(payload, title, trans.__('histograms'));
    this.drawing.setAttribute(
      'aria-label',
      trans.__(
        'histograms of %1 layers: up and down choose the layer, left and right the bin',
        layers.length,
      ),
    );
    this.drawing.setAttribute('viewBox', `0 0 ${this.layout.width} ${this.layout.height}`);
    this.layer = Math.min(this.layer, layers.length - 1);
    this.bin = Math.min(this.bin, this.bins - 1);
    this.draw();
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private get bins(): number {
    return this.payload.data.counts.dims[1];
  }

  private of(layer: number): Float32Array {
    return this.counts.subarray(layer * this.bins, (layer + 1) * this.bins);
  }

  private draw(): void {
    const { layout } = this;
    const { layers, notes, unit } = this.payload.data;
    this.ridges = layers.map((_, l) =>
      svg('path', {
        class: 'nb-Ridgeline-ridge',
        d: ridgePath(this.of(l), layout, layout.base[l], this.log),
      }),
    );
    const names = layers.map((name, l) =>
      svg(
        'text',
        { x: layout.left - 8, y: layout.base[l] - 2, 'text-anchor': 'end' },
        svg('title', {}, `${name}: ${notes[l]}`),
        clipName(name),
      ),
    );
    const foot = layout.height - 26;
    const ticks = footWords(layout.ticks, foot);
    const axis = svg(
      'text',
      { x: (layout.left + layout.right) / 2, y: foot + 18, 'text-anchor': 'middle' },
      unit,
    );
    // what lies behind is drawn first: the upper layers
    this.drawing.replaceChildren(...[...this.ridges].reverse(), ...names, ...ticks, axis, this.cursor);
    this.mark();
  }

  private mark(): void {
    const { left, right, base } = this.layout;
    const at = String(left + ((this.bin + 0.5) / this.bins) * (right - left));
    this.ridges.forEach((ridge, l) => ridge.classList.toggle('nb-mod-current', l === this.layer));
    for (const end of ['x1', 'x2']) this.cursor.setAttribute(end, at);
    this.cursor.setAttribute('y1', String(base[this.layer] - 56));
    this.cursor.setAttribute('y2', String(base[this.layer]));
  }

  private go(layer: number, bin: number): void {
    const { layers, notes, range } = this.payload.data;
    this.layer = Math.min(layers.length - 1, Math.max(0, layer));
    this.bin = Math.min(this.bins - 1, Math.max(0, bin));
    const width = (range[1] - range[0]) / this.bins;
    const from = range[0] + this.bin * width;
    const count = this.of(this.layer)[this.bin];
    this.frame.tell(
      `${layers[this.layer]} · ${short(from)} … ${short(from + width)}: ${count} · ${notes[this.layer]}`,
    );
    this.mark();
  }

  private onPoint(event: PointerEvent): void {
    const box = this.drawing.getBoundingClientRect();
    const { width, height, left, right, base } = this.layout;
    const x = ((event.clientX - box.left) / box.width) * width;
    const y = ((event.clientY - box.top) / box.height) * height;
    const layer = base.findIndex(line => y <= line && y > line - 34);
    if (layer >= 0 && x >= left) this.go(layer, Math.floor(((x - left) / (right - left)) * this.bins));
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? 10 : 1;
    const actions: Record<string, () => void> = {
      ArrowUp: () => this.go(this.layer + 1, this.bin),
      ArrowDown: () => this.go(this.layer - 1, this.bin),
      ArrowLeft: () => this.go(this.layer, this.bin - by),
      ArrowRight: () => this.go(this.layer, this.bin + by),
      Home: () => this.go(this.layer, 0),
      End: () => this.go(this.layer, this.bins - 1),
      Enter: () => this.frame.selection.choose(this.layer, this.bin),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }
}

export default (context: ViewContext): View<RidgelinePayload> => new Ridgeline(context);
