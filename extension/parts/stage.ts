/**
 * A canvas on which thousands of cells stand, each a unit wide: it is zoomed and panned, and one cell has the cursor.
 * Only what is in sight is drawn, once a frame at most.
 */
import { el, ownKeys } from './dom.ts';

export interface Cell {
  x: number;
  y: number;
}

export interface StageEvents {
  /** Draws a cell at a place of the canvas, `size` pixels wide. */
  draw(canvas: CanvasRenderingContext2D, index: number, x: number, y: number, size: number): void;
  /** The cursor has come to a cell. */
  moved(index: number): void;
  /** A cell was clicked, or Enter pressed on it. */
  chosen(index: number): void;
}

/** Largest cell, in pixels of the page. */
const LARGEST = 320;

export class Stage {
  private cells: readonly Cell[] = [];
  private tall = 1;
  /** Pixels a unit, and the place in the middle. */
  private scale = 1;
  private middle: Cell = { x: 0, y: 0 };
  private fitted = true;
  private waiting = 0;
  private dragged?: { x: number; y: number; far: boolean };
  current = 0;
  private readonly canvas = el('canvas', { class: 'nb-Stage-canvas' });
  private readonly cursor = el('div', { class: 'nb-HeatMap-cursor', hidden: true });
  private readonly resized = new ResizeObserver(() => (this.fitted ? this.fit() : this.redraw()));
  readonly node = el(
    'div',
    { class: 'nb-Stage', tabindex: 0, role: 'application', ...ownKeys },
    this.canvas,
    this.cursor,
  );

  constructor(private readonly events: StageEvents) {
    this.resized.observe(this.node);
    this.node.addEventListener('keydown', event => this.onKey(event));
    this.node.addEventListener('focus', () => this.cells.length && this.go(this.current));
    this.node.addEventListener('pointerdown', event => {
      this.dragged = { x: event.clientX, y: event.clientY, far: false };
      this.node.setPointerCapture(event.pointerId);
    });
    this.node.addEventListener('pointermove', event => this.onMove(event));
    this.node.addEventListener('pointerup', event => this.onUp(event));
    this.node.addEventListener('pointercancel', () => (this.dragged = undefined));
    this.node.addEventListener('dblclick', event => this.zoom(2, event));
    // the wheel alone scrolls the page
    this.node.addEventListener(
      'wheel',
      event => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300), event);
      },
      { passive: false },
    );
  }

  label(text: string): void {
    this.node.setAttribute('aria-label', text);
  }

  /** @param tall the height of a cell, in widths */
  place(cells: readonly Cell[], tall: number): void {
    const same = cells.length === this.cells.length;
    this.cells = cells;
    this.tall = tall;
    this.current = Math.min(this.current, Math.max(0, cells.length - 1));
    if (same && !this.fitted) this.redraw();
    else this.fit();
  }

  /** All cells, as large as there is room. */
  fit(): void {
    this.fitted = true;
    if (!this.node.clientWidth) return;
    const { width, height } = this.size;
    const [right, bottom] = this.extent;
    this.scale = Math.min(width / right, height / bottom, LARGEST);
    this.middle = { x: right / 2, y: bottom / 2 };
    this.redraw();
  }

  /** Nearer or farther, about a place of the page or the cursor. */
  zoom(by: number, about?: { clientX: number; clientY: number }): void {
    const [right, bottom] = this.extent;
    const least = Math.min(this.size.width / right, this.size.height / bottom, LARGEST);
    const scale = Math.min(LARGEST, Math.max(least, this.scale * by));
    const fixed = about ? this.worldOf(about) : this.cursor.hidden ? this.middle : this.centre(this.current);
    const share = this.scale / scale;
    this.middle = {
      x: fixed.x + (this.middle.x - fixed.x) * share,
      y: fixed.y + (this.middle.y - fixed.y) * share,
    };
    this.scale = scale;
    this.fitted = scale === least;
    if (this.fitted) this.middle = { x: right / 2, y: bottom / 2 };
    this.redraw();
  }

  /** Brings a cell into sight, large enough to be seen, with the cursor on it. */
  show(index: number): void {
    this.scale = Math.max(this.scale, 48);
    this.fitted = false;
    this.middle = this.centre(index);
    this.go(index);
  }

  redraw(): void {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.paint();
    });
  }

  dispose(): void {
    cancelAnimationFrame(this.waiting);
    this.resized.disconnect();
  }

  private get size(): { width: number; height: number } {
    return { width: this.node.clientWidth || 1, height: this.node.clientHeight || 1 };
  }

  private get extent(): [right: number, bottom: number] {
    let [right, bottom] = [1, 1];
    for (const { x, y } of this.cells)
      [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + this.tall)];
    return [right, bottom];
  }

  private centre(index: number): Cell {
    const { x, y } = this.cells[index];
    return { x: x + 0.5, y: y + this.tall / 2 };
  }

  private paint(): void {
    // what is hidden has no size, and keeps its picture for when it is shown
    if (!this.node.clientWidth) return;
    const { width, height } = this.size;
    const sharp = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * sharp);
    this.canvas.height = Math.round(height * sharp);
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.scale(sharp, sharp);
    context.imageSmoothingQuality = 'high';
    const [left, top] = [width / 2 - this.middle.x * this.scale, height / 2 - this.middle.y * this.scale];
    const draw = (i: number) => {
      const [x, y] = [left + this.cells[i].x * this.scale, top + this.cells[i].y * this.scale];
      if (x > width || y > height || x + this.scale < 0 || y + this.scale * this.tall < 0) return;
      this.events.draw(context, i, x, y, this.scale);
    };
    this.cells.forEach((_, i) => draw(i));
    const at = this.cells[this.current];
    if (!at || this.cursor.hidden) return;
    // what the cursor is on is not hidden by its neighbours
    draw(this.current);
    Object.assign(this.cursor.style, {
      left: `${left + at.x * this.scale}px`,
      top: `${top + at.y * this.scale}px`,
      width: `${this.scale}px`,
      height: `${this.scale * this.tall}px`,
    });
  }

  private worldOf({ clientX, clientY }: { clientX: number; clientY: number }): Cell {
    const box = this.node.getBoundingClientRect();
    return {
      x: this.middle.x + (clientX - box.left - box.width / 2) / this.scale,
      y: this.middle.y + (clientY - box.top - box.height / 2) / this.scale,
    };
  }

  /** The topmost cell under the pointer. */
  private under(event: PointerEvent): number {
    const { x, y } = this.worldOf(event);
    return this.cells.findLastIndex(
      cell => x >= cell.x && y >= cell.y && x < cell.x + 1 && y < cell.y + this.tall,
    );
  }

  private onMove(event: PointerEvent): void {
    if (this.dragged) {
      const [dx, dy] = [event.clientX - this.dragged.x, event.clientY - this.dragged.y];
      if (!this.dragged.far && Math.hypot(dx, dy) < 4) return;
      this.dragged = { x: event.clientX, y: event.clientY, far: true };
      this.middle = { x: this.middle.x - dx / this.scale, y: this.middle.y - dy / this.scale };
      this.fitted = false;
      return this.redraw();
    }
    const index = this.under(event);
    if (index >= 0 && (index !== this.current || this.cursor.hidden)) this.go(index, false);
  }

  private onUp(event: PointerEvent): void {
    const clicked = this.dragged && !this.dragged.far;
    this.dragged = undefined;
    const index = clicked ? this.under(event) : -1;
    if (index < 0) return;
    this.go(index, false);
    this.events.chosen(index);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.cells.length === 0) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.walk(-1, 0),
      ArrowRight: () => this.walk(1, 0),
      ArrowUp: () => this.walk(0, -1),
      ArrowDown: () => this.walk(0, 1),
      Home: () => this.go(0),
      End: () => this.go(this.cells.length - 1),
      '+': () => this.zoom(1.6),
      '-': () => this.zoom(1 / 1.6),
      0: () => this.fit(),
      Enter: () => this.events.chosen(this.current),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  /** To the nearest cell in a direction; what lies aside counts thrice. */
  private walk(dx: number, dy: number): void {
    const here = this.cells[this.current];
    let [best, least] = [-1, Infinity];
    this.cells.forEach(({ x, y }, i) => {
      const along = (x - here.x) * dx + (y - here.y) * dy;
      const aside = Math.abs((x - here.x) * dy) + Math.abs((y - here.y) * dx);
      if (along > 1e-6 && along + 3 * aside < least) [best, least] = [i, along + 3 * aside];
    });
    if (best >= 0) this.go(best);
  }

  private go(index: number, follow = true): void {
    this.current = index;
    this.cursor.hidden = false;
    const { x, y } = this.centre(index);
    const { width, height } = this.size;
    const out =
      Math.abs(x - this.middle.x) > width / 2 / this.scale ||
      Math.abs(y - this.middle.y) > height / 2 / this.scale;
    if (follow && out) this.middle = { x, y };
    this.events.moved(index);
    this.redraw();
  }
}
