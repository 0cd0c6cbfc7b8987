/**
 * A laid-out network on an SVG that is panned, zoomed and walked through by keys. Only what is in sight is drawn, and
 * from far away only its outlines: thousands of boxes cost as much as those that fit on the screen.
 */
import { curve } from 'neuronbook/display/views/model';
import type { Box, Layout } from 'neuronbook/display/views/model-layout';
import { el, ownKeys, svg } from './dom.ts';

/** What is written on a box besides its name, and how it is coloured. */
export interface Face {
  words: string;
  kind: string;
}

export interface GraphEvents {
  face(box: Box): Face;
  select(box: Box | undefined): void;
  /** An operator is clicked, or Enter is pressed on it. */
  choose(box: Box): void;
  /** A module is opened or closed. */
  toggle(box: Box): void;
}

/** Below this size letters cannot be read. */
const legible = 0.4;
/** What is looked for is shown at this size at least. */
const comfortable = 0.7;

export class GraphCanvas {
  private layout: Layout = { width: 1, height: 1, boxes: [], lines: [] };
  private selected?: Box;
  private view = { x: 0, y: 0, scale: 1 };
  /** As `begin` left it: until somebody moves it, another width begins again. */
  private first = this.view;
  private pending = 0;
  private wide = 0;
  private drawn = new Map<Box, SVGGElement>();
  private readonly far = svg('g');
  private readonly lines = svg('path', { class: 'nb-Graph-lines' });
  private readonly near = svg('g');
  private readonly marked = svg('path', { class: 'nb-Graph-lines nb-mod-marked' });
  private readonly world = svg('g', {}, this.far, this.lines, this.near, this.marked);
  readonly node = el(
    'div',
    { class: 'nb-Graph', tabindex: 0, role: 'application', ...ownKeys },
    svg('svg', { 'aria-hidden': 'true', class: 'nb-Graph-svg' }, this.world),
  );
  private readonly resized = new ResizeObserver(() => this.onResize());

  constructor(private readonly events: GraphEvents) {
    this.node.addEventListener('pointerdown', event => this.onPointerDown(event));
    this.node.addEventListener('wheel', event => this.onWheel(event), { passive: false });
    this.node.addEventListener('keydown', event => this.onKey(event));
    this.node.addEventListener('dblclick', event => {
      const box = this.boxAt(event);
      if (box?.module) this.events.toggle(box);
    });
    this.resized.observe(this.node);
  }

  dispose(): void {
    this.resized.disconnect();
    cancelAnimationFrame(this.pending);
  }

  /** Shows another layout; `keep` is a box of it that stays where `was` stood. */
  show(layout: Layout, was?: Box, keep?: Box): void {
    this.layout = layout;
    this.drawn.clear();
    this.near.replaceChildren();
    if (was && keep) {
      const middle = (box: Box) => box.x + box.width / 2;
      this.view.x += (middle(was) - middle(keep)) * this.view.scale;
      this.view.y += (was.y - keep.y) * this.view.scale;
    }
    this.schedule();
  }

  select(box: Box | undefined, { reveal = true } = {}): void {
    this.selected = box;
    if (box && reveal) this.reveal(box);
    this.events.select(box);
    this.schedule();
  }

  /** As wide as the canvas and from the top, where the whole would be too small to read. */
  begin(): void {
    const { width } = this.size();
    const scale = Math.min(1, Math.max(comfortable, (width - 24) / this.layout.width));
    this.view = { scale, x: (width - this.layout.width * scale) / 2, y: 10 };
    this.first = { ...this.view };
    this.schedule();
  }

  fit(): void {
    const { width, height } = this.size();
    const scale = Math.min(1.5, (width - 24) / this.layout.width, (height - 24) / this.layout.height);
    this.view = {
      scale,
      x: (width - this.layout.width * scale) / 2,
      y: (height - this.layout.height * scale) / 2,
    };
    this.schedule();
  }

  zoom(by: number, x = this.size().width / 2, y = this.size().height / 2): void {
    const scale = Math.min(4, Math.max(0.01, this.view.scale * by));
    const grown = scale / this.view.scale;
    this.view = { scale, x: x - (x - this.view.x) * grown, y: y - (y - this.view.y) * grown };
    this.schedule();
  }

  private size(): { width: number; height: number } {
    return { width: this.node.clientWidth || 600, height: this.node.clientHeight || 400 };
  }

  /** What stood in the middle stays there. */
  private onResize(): void {
    // hidden: it is shown again as it was
    if (!this.node.clientWidth) return;
    const { width } = this.size();
    const { view, first, wide } = this;
    this.wide = width;
    if (view.scale === first.scale && view.x === first.x && view.y === first.y) return this.begin();
    if (wide) view.x += (width - wide) / 2;
    this.schedule();
  }

  private reveal({ x, y, width, height, open }: Box): void {
    const { width: w, height: h } = this.size();
    const tall = open ? Math.min(height, 40) : height;
    if (this.view.scale < comfortable) this.zoom(comfortable / this.view.scale);
    const { scale } = this.view;
    const [left, top] = [x * scale + this.view.x, y * scale + this.view.y];
    if (left < 8 || left + width * scale > w - 8) this.view.x = w / 2 - (x + width / 2) * scale;
    if (top < 8 || top + tall * scale > h - 8) this.view.y = h / 3 - y * scale;
  }

  private schedule(): void {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.paint();
    });
  }

  private paint(): void {
    if (!this.node.clientWidth) return;
    const { x, y, scale } = this.view;
    const { width, height } = this.size();
    this.world.setAttribute(
      'transform',
      `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale.toFixed(4)})`,
    );
    const [left, top] = [-x / scale, -y / scale];
    const [right, bottom] = [left + width / scale, top + height / scale];
    const seen = this.layout.boxes.filter(
      box => box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top,
    );
    const isFar = scale < legible;
    this.paintFar(isFar ? seen : []);
    this.paintNear(isFar ? seen.filter(box => box === this.selected) : seen);
    const lines: string[] = [];
    const marked: string[] = [];
    for (const { points, from, to } of this.layout.lines) {
      const last = points.length - 1;
      const [low, high] = [Math.min(points[1], points[last]), Math.max(points[1], points[last])];
      if (high < top || low > bottom) continue;
      const mine = this.selected && (from === this.selected || to === this.selected);
      (mine ? marked : lines).push(curve(points));
    }
    this.lines.setAttribute('d', lines.join(''));
    this.marked.setAttribute('d', marked.join(''));
  }

  /** One path for all boxes of a kind. */
  private paintFar(boxes: readonly Box[]): void {
    const paths = new Map<string, string[]>();
    for (const box of boxes) {
      const kind = box.open ? 'open' : this.events.face(box).kind;
      if (!paths.has(kind)) paths.set(kind, []);
      paths.get(kind)!.push(`M${box.x} ${box.y}h${box.width}v${box.height}h${-box.width}z`);
    }
    const order = [...paths].sort(([a], [b]) => Number(b === 'open') - Number(a === 'open'));
    this.far.replaceChildren(
      ...order.map(([kind, d]) => svg('path', { class: `nb-Graph-shape nb-mod-${kind}`, d: d.join('') })),
    );
  }

  private paintNear(boxes: readonly Box[]): void {
    const wanted = new Set(boxes);
    for (const [box, node] of this.drawn) {
      if (wanted.has(box)) continue;
      node.remove();
      this.drawn.delete(box);
    }
    for (const box of boxes) {
      let node = this.drawn.get(box);
      if (!node) {
        node = this.boxNode(box);
        this.drawn.set(box, node);
        // an open module lies under what it holds
        if (box.open) this.near.prepend(node);
        else this.near.append(node);
      }
      node.classList.toggle('nb-mod-selected', box === this.selected);
    }
    // outer modules under inner ones
    const opened = [...this.drawn].filter(([{ open }]) => open).sort(([a], [b]) => b.depth - a.depth);
    for (const [, node] of opened) this.near.prepend(node);
  }

  private boxNode(box: Box): SVGGElement {
    const { words, kind } = this.events.face(box);
    const { x, y, width, height, open } = box;
    const most = Math.floor((width - (box.module ? 34 : 14)) / 6.6);
    const short = box.label.length > most ? `${box.label.slice(0, most - 1)}…` : box.label;
    const name = svg(
      'text',
      open
        ? { x: x + 10, y: y + 17, class: 'nb-Graph-name' }
        : { x: x + width / 2, y: y + 16, class: 'nb-Graph-name', 'text-anchor': 'middle' },
      short,
    );
    const group = svg(
      'g',
      { class: `nb-Graph-box nb-mod-${open ? 'open' : kind}` },
      svg('rect', { class: `nb-Graph-shape nb-mod-${open ? 'open' : kind}`, x, y, width, height, rx: 6 }),
      name,
    );
    if (!open)
      group.append(
        svg('text', { x: x + width / 2, y: y + 31, class: 'nb-Graph-words', 'text-anchor': 'middle' }, words),
      );
    if (box.module) {
      const [cx, cy] = [x + width - 13, y + 13];
      const cross = open ? `M${cx - 4} ${cy}h8` : `M${cx - 4} ${cy}h8M${cx} ${cy - 4}v8`;
      group.append(svg('path', { class: 'nb-Graph-sign', d: cross }));
    }
    return group;
  }

  private boxAt({ clientX, clientY }: MouseEvent): Box | undefined {
    const area = this.node.getBoundingClientRect();
    const x = (clientX - area.left - this.view.x) / this.view.scale;
    const y = (clientY - area.top - this.view.y) / this.view.scale;
    let found: Box | undefined;
    for (const box of this.layout.boxes) {
      const inside = x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
      if (inside && (!found || box.depth >= found.depth)) found = box;
    }
    return found;
  }

  private isSign(box: Box, { clientX, clientY }: MouseEvent): boolean {
    const area = this.node.getBoundingClientRect();
    const x = (clientX - area.left - this.view.x) / this.view.scale;
    const y = (clientY - area.top - this.view.y) / this.view.scale;
    return box.module !== undefined && x > box.x + box.width - 26 && y < box.y + 26;
  }

  private onPointerDown(down: PointerEvent): void {
    if (down.button !== 0) return;
    const begun = { ...this.view };
    let moved = false;
    const move = (event: PointerEvent) => {
      const [dx, dy] = [event.clientX - down.clientX, event.clientY - down.clientY];
      if (!moved && Math.hypot(dx, dy) < 4) return;
      moved = true;
      this.node.classList.add('nb-mod-panning');
      this.view = { ...begun, x: begun.x + dx, y: begun.y + dy };
      this.schedule();
    };
    const stop = (event: PointerEvent) => {
      this.node.removeEventListener('pointermove', move);
      this.node.classList.remove('nb-mod-panning');
      if (moved || event.type !== 'pointerup') return;
      const box = this.boxAt(event);
      if (box && this.isSign(box, event)) this.events.toggle(box);
      else {
        this.select(box, { reveal: false });
        if (box?.node !== undefined) this.events.choose(box);
      }
    };
    this.node.setPointerCapture(down.pointerId);
    this.node.addEventListener('pointermove', move);
    this.node.addEventListener('pointerup', stop, { once: true });
    this.node.addEventListener('pointercancel', stop, { once: true });
  }

  /** The wheel alone scrolls the page, as everywhere in a notebook. */
  private onWheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const area = this.node.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 300), event.clientX - area.left, event.clientY - area.top);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does: Record<string, () => void> = {
      ArrowDown: () => this.go(1),
      ArrowUp: () => this.go(-1),
      ArrowLeft: () => this.goAside(-1),
      ArrowRight: () => this.goAside(1),
      Home: () => this.select(this.layout.boxes[0]),
      Enter: () => this.act(),
      ' ': () => this.act(),
      Escape: () => this.select(this.selected?.parent),
      '+': () => this.zoom(1.25),
      '-': () => this.zoom(0.8),
      '0': () => this.fit(),
    };
    const act = Object.hasOwn(does, event.key) ? does[event.key] : undefined;
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  private act(): void {
    if (this.selected?.module) this.events.toggle(this.selected);
    else if (this.selected) this.events.choose(this.selected);
  }

  /** Along the lines: down to what takes the value, up to what gives it; past a border, from the module itself. */
  private go(direction: 1 | -1): void {
    const { selected } = this;
    if (!selected) return this.select(this.layout.boxes[0]);
    if (direction === 1 && selected.open)
      return this.select(this.layout.boxes.find(({ parent }) => parent === selected) ?? selected);
    for (let at: Box | undefined = selected; at; at = at.parent) {
      for (const { from, to } of this.layout.lines) {
        const [mine, other] = direction === 1 ? [from, to] : [to, from];
        if (mine === at && other) return this.select(other);
      }
      if (direction === -1 && at.parent) return this.select(at.parent);
    }
  }

  private goAside(direction: 1 | -1): void {
    const { selected } = this;
    if (!selected) return this.select(this.layout.boxes[0]);
    const beside = this.layout.boxes
      .filter(
        box =>
          box.parent === selected.parent &&
          box !== selected &&
          box.y < selected.y + selected.height &&
          box.y + box.height > selected.y &&
          Math.sign(box.x - selected.x) === direction,
      )
      .sort((a, b) => direction * (a.x - b.x));
    if (beside.length) this.select(beside[0]);
  }
}
