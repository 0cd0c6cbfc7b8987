/**
 * A circuit: nodes by layer and position, edges as wide as their weight. A slider hides weak edges, and with them the
 * nodes that none is left to; a node that is pointed at or pinned shows its own edges alone; arrow keys walk along the
 * strongest.
 */
import {
  circuitSvg,
  clip,
  edgeLook,
  edgePath,
  labelOf,
  layOut,
  reaches,
  strongest,
  type CircuitEdge,
  type Layout,
} from 'neuronbook/display/drawings/circuit';
import type { CircuitPayload } from 'neuronbook/display/views/circuit';
import { short } from '../parts/curve.ts';
import { el, ownKeys, setText, svg, scrollToEnd } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { fileName, saveText } from '../parts/save.ts';
import { LabelledSlider, textButton } from '../parts/labelled.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/circuit.css';

export { problem } from 'neuronbook/display/views/circuit';

class Circuit implements View<CircuitPayload> {
  private payload!: CircuitPayload;
  private layout!: Layout;
  private most = 0;
  private threshold = 0;
  private current = 0;
  /** The node whose edges are told apart from the others while it is pointed at. */
  private looked?: number;
  private hidden = new Set<number>();
  private pinned = new Set<number>();
  /** Nodes that stand nowhere: the hidden ones, and those without an edge, unless all are asked for. */
  private without = new Set<number>();
  private whole = false;
  private nodes: SVGGElement[] = [];
  private edges: { edge: CircuitEdge; path: SVGPathElement }[] = [];
  private readonly slider: LabelledSlider;
  private readonly count = el('span', { class: 'nb-Circuit-count', role: 'status' });
  private names: SVGTextElement[] = [];
  private readonly all: HTMLButtonElement;
  private readonly hide: HTMLButtonElement;
  private readonly unhide: HTMLButtonElement;
  private readonly unpin: HTMLButtonElement;
  private readonly drawing = svg('svg', { class: 'nb-Circuit-drawing', role: 'group' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    this.slider = new LabelledSlider(trans.__('weakest edge shown'), { min: 0, max: 100 }, value => {
      this.threshold = value / 100;
      this.show();
    });
    this.all = textButton('', () => {
      this.whole = !this.whole;
      this.show();
    });
    this.hide = textButton(trans.__('Hide node'), () => this.hideCurrent());
    this.unhide = textButton('', () => this.clear(this.hidden));
    this.unpin = textButton('', () => this.clear(this.pinned));
    const saveSvg = textButton(trans.__('Save as SVG'), () => this.save('svg'));
    const saveJson = textButton(trans.__('Save as JSON'), () => this.save('json'));
    this.drawing.addEventListener('keydown', event => this.onKey(event));
    this.drawing.addEventListener('pointerleave', () => this.look(undefined));
    const scroll = el('div', { class: 'nb-Circuit-scroll' }, this.drawing);
    scrollToEnd(scroll);
    this.frame = frame(
      context,
      'nb-Circuit',
      [this.slider.node, this.count, this.all, this.hide, this.unhide, this.unpin, saveSvg, saveJson],
      scroll,
    );
    this.node = this.frame.node;
  }

  update(payload: CircuitPayload): void {
    const first = !this.payload;
    this.payload = payload;
    const { data } = payload;
    this.most = strongest(data);
    if (first) this.threshold = data.threshold;
    this.current = Math.min(this.current, Math.max(0, data.nodes.length - 1));
    for (const set of [this.hidden, this.pinned])
      for (const node of set) if (node >= data.nodes.length) set.delete(node);
    this.frame.update(payload, data.title, this.context.trans.__('circuit'));
    this.drawing.setAttribute(
      'aria-label',
      this.context.trans.__('circuit of %1 nodes: arrow keys walk along edges', data.nodes.length),
    );
    this.slider.set(Math.round(100 * this.threshold));
    this.draw();
    this.show();
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private draw(): void {
    const { data } = this.payload;
    this.without = new Set();
    this.layout = layOut(data);
    this.edges = data.edges.map(edge => {
      const path = svg('path', { class: 'nb-Circuit-edge', ...edgeLook(edge.weight, this.most) });
      path.addEventListener('pointerenter', () => this.tellEdge(edge));
      return { edge, path };
    });
    this.nodes = data.nodes.map((_, i) => this.drawNode(i));
    this.names = [
      ...data.layers.map(name => svg('text', {}, clip(name))),
      ...data.positions.map(name =>
        svg('text', { 'text-anchor': 'middle', 'xml:space': 'preserve' }, clip(name)),
      ),
    ];
    this.drawing.replaceChildren(
      ...this.names,
      svg('g', { 'aria-hidden': 'true' }, ...this.edges.map(({ path }) => path)),
      ...this.nodes,
    );
    this.place();
  }

  /** Puts everything where it stands without the nodes that are left out. */
  private place(): void {
    const { data } = this.payload;
    const { width, height, nodes, layers, positions } = (this.layout = layOut(data, this.without));
    this.drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
    // shrinks with the page as far as labels can be read, and is scrolled from there on
    this.drawing.style.maxWidth = `${Math.ceil(width)}px`;
    this.drawing.style.minWidth = `${Math.ceil(0.75 * width)}px`;
    for (const { edge, path } of this.edges) path.setAttribute('d', edgePath(edge, this.layout));
    this.nodes.forEach((node, i) => node.setAttribute('transform', `translate(${nodes[i].x} ${nodes[i].y})`));
    const places = [...layers.map(y => [8, y + 4]), ...positions.map(x => [x, height - 12])];
    this.names.forEach((name, i) => {
      name.setAttribute('x', String(places[i][0]));
      name.setAttribute('y', String(places[i][1]));
    });
  }

  private drawNode(index: number): SVGGElement {
    const { nodes, layers, positions } = this.payload.data;
    const { width, height } = this.layout.box;
    const node = nodes[index];
    const made = svg(
      'g',
      {
        class: 'nb-Circuit-node',
        role: 'button',
        tabindex: -1,
        'aria-label': [node.label, layers[node.layer], positions[node.position]].join(', '),
        ...ownKeys,
      },
      svg('rect', { x: -width / 2, y: -height / 2, width, height, rx: Math.min(6, height / 2) }),
      svg('text', { y: 4, 'text-anchor': 'middle' }, labelOf(node, this.layout)),
    );
    made.addEventListener('pointerenter', () => this.look(index));
    made.addEventListener('focus', () => this.go(index));
    made.addEventListener('click', () => this.choose(index));
    return made;
  }

  /** What is hidden, faint and plain, as the slider, the pins and the pointer have it. */
  private show(): void {
    const { trans } = this.context;
    const chosen = this.looked === undefined ? this.pinned : new Set([...this.pinned, this.looked]);
    const used = new Set<number>(this.pinned);
    let shown = 0;
    for (const { edge, path } of this.edges) {
      const { from, to } = edge;
      const visible = this.isShown(edge);
      const own = chosen.size === 0 || chosen.has(from) || chosen.has(to);
      path.classList.toggle('nb-hidden', !visible);
      path.classList.toggle('nb-mod-faint', !own);
      if (!visible) continue;
      shown++;
      used.add(from).add(to);
    }
    this.leaveOut(used);
    this.nodes.forEach((node, i) => {
      node.classList.toggle('nb-hidden', this.without.has(i));
      node.classList.toggle('nb-mod-faint', !used.has(i));
      node.classList.toggle('nb-mod-pinned', this.pinned.has(i));
      node.setAttribute('aria-pressed', String(this.pinned.has(i)));
      node.setAttribute('tabindex', i === this.current ? '0' : '-1');
    });
    this.slider.tell(short(this.threshold * this.most || 0));
    setText(this.count, trans.__('%1 of %2 edges', shown, this.edges.length));
    setText(this.unhide, trans.__('Show hidden (%1)', this.hidden.size));
    setText(this.unpin, trans.__('Unpin (%1)', this.pinned.size));
    this.unhide.classList.toggle('nb-hidden', this.hidden.size === 0);
    this.unpin.classList.toggle('nb-hidden', this.pinned.size === 0);
    const apart = this.without.size - this.hidden.size;
    setText(
      this.all,
      this.whole ? trans.__('Leave out unconnected') : trans.__('Show unconnected (%1)', apart),
    );
    this.all.classList.toggle('nb-hidden', !this.whole && apart === 0);
    this.hide.disabled = this.without.has(this.current) || this.nodes.length === 0;
  }

  /** Nodes without an edge stand nowhere, and the others move together; with no edge at all, all stay. */
  private leaveOut(used: ReadonlySet<number>): void {
    const none = this.whole || used.size === 0;
    const without = new Set(
      [...this.nodes.keys()].filter(i => this.hidden.has(i) || (!none && !used.has(i))),
    );
    const same = without.size === this.without.size && [...without].every(i => this.without.has(i));
    this.without = without;
    if (without.has(this.current))
      this.current = Math.max(
        0,
        this.nodes.findIndex((_, i) => !without.has(i)),
      );
    if (!same) this.place();
  }

  private isShown(edge: CircuitEdge): boolean {
    return (
      reaches(edge, this.threshold, this.most) && !this.hidden.has(edge.from) && !this.hidden.has(edge.to)
    );
  }

  /** Edges of a node that are shown, strongest first; `end` is the node at the other end. */
  private around(index: number, side: 'from' | 'to'): { end: number; weight: number }[] {
    const other = side === 'from' ? 'to' : 'from';
    return this.payload.data.edges
      .filter(edge => edge[side] === index && this.isShown(edge))
      .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
      .map(edge => ({ end: edge[other], weight: edge.weight }));
  }

  private look(index: number | undefined): void {
    this.looked = index;
    if (index !== undefined) this.tellNode(index);
    this.show();
  }

  private go(index: number): void {
    this.current = index;
    this.look(index);
  }

  private choose(index: number): void {
    if (this.pinned.has(index)) this.pinned.delete(index);
    else this.pinned.add(index);
    this.frame.selection.choose(index);
    this.go(index);
  }

  private hideCurrent(): void {
    if (this.nodes.length === 0) return;
    this.hidden.add(this.current);
    this.pinned.delete(this.current);
    this.look(undefined);
  }

  private clear(set: Set<number>): void {
    set.clear();
    this.look(undefined);
    this.nodes[this.current]?.focus();
  }

  private tellNode(index: number): void {
    const { nodes, layers, positions } = this.payload.data;
    const { label, layer, position, value, note } = nodes[index];
    const list = (side: 'from' | 'to', sign: string) =>
      this.around(index, side)
        .slice(0, 3)
        .map(({ end, weight }) => `${sign} ${nodes[end].label} ${short(weight)}`);
    const where =
      positions.length > 1 ? `${layers[layer]} · ${position} ${positions[position]}` : layers[layer];
    const parts = [label, where, value === null ? '' : short(value), note];
    this.frame.tell([...parts, ...list('to', '←'), ...list('from', '→')].filter(Boolean).join(' · '));
  }

  private tellEdge({ from, to, weight }: CircuitEdge): void {
    const { nodes, unit } = this.payload.data;
    this.frame.tell(`${nodes[from].label} → ${nodes[to].label} · ${unit} ${short(weight)}`);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.nodes.length === 0) return;
    const actions: Record<string, () => void> = {
      ArrowUp: () => this.focus(this.around(this.current, 'from')[0]?.end ?? this.nearest('up')),
      ArrowDown: () => this.focus(this.around(this.current, 'to')[0]?.end ?? this.nearest('down')),
      ArrowLeft: () => this.focus(this.nearest('left')),
      ArrowRight: () => this.focus(this.nearest('right')),
      Enter: () => this.choose(this.current),
      ' ': () => this.choose(this.current),
      Delete: () => {
        this.hideCurrent();
        this.nodes[this.current]?.focus();
      },
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  /** The nearest node that is not hidden, in a direction on the page. */
  private nearest(direction: 'up' | 'down' | 'left' | 'right'): number | undefined {
    const { nodes } = this.layout;
    const here = nodes[this.current];
    const sideways = direction === 'left' || direction === 'right';
    const sign = direction === 'left' || direction === 'up' ? -1 : 1;
    let best: number | undefined;
    let least = Infinity;
    nodes.forEach(({ x, y }, i) => {
      const along = sign * (sideways ? x - here.x : y - here.y);
      if (this.without.has(i) || along <= 0 || (sideways && y !== here.y)) return;
      const far = along + 3 * Math.abs(sideways ? 0 : x - here.x);
      if (far < least) [best, least] = [i, far];
    });
    return best;
  }

  private focus(index: number | undefined): void {
    if (index === undefined) return;
    this.nodes[index].focus();
  }

  private save(kind: 'svg' | 'json'): void {
    const { data } = this.payload;
    const name = fileName(kind, data.title || 'circuit');
    if (kind === 'svg') return saveText(circuitSvg(data, this.threshold, this.hidden), 'image/svg+xml', name);
    const nodes = data.nodes.filter((_, i) => !this.hidden.has(i));
    const edges = data.edges
      .filter(edge => this.isShown(edge))
      .map(({ from, to, weight }) => ({ from: data.nodes[from].id, to: data.nodes[to].id, weight }));
    const { title, unit, layers, positions } = data;
    const file = { title, unit, layers, positions, nodes, edges };
    saveText(`${JSON.stringify(file, null, 2)}\n`, 'application/json', name);
  }
}

export default (context: ViewContext): View<CircuitPayload> => new Circuit(context);
