/**
 * A matrix on a canvas, one pixel a number and enlarged without blur, with a cursor that the pointer and the arrow keys
 * move. What the cursor is on is told to whoever made it.
 */
import { heat } from 'neuronbook/display/heat';
import { el, ownKeys } from './dom.ts';

export interface Matrix {
  data: ArrayLike<number>;
  offset: number;
  width: number;
  height: number;
  range: readonly [number, number];
  scale: 'sequential' | 'diverging';
  /** Laid over a picture, which is seen where there is little. */
  fade?: boolean;
}

/** Draws into a canvas of the matrix's own size; the style enlarges it. */
export function paint(canvas: HTMLCanvasElement, matrix: Matrix): void {
  const { width, height, data } = heat(matrix.data, matrix, matrix.range, matrix.scale, matrix.fade);
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
}

export class HeatMap {
  private matrix?: Matrix;
  private row = 0;
  private column = 0;
  private readonly canvas = el('canvas', { class: 'nb-HeatMap-canvas' });
  private readonly cursor = el('div', { class: 'nb-HeatMap-cursor', hidden: true });
  readonly node = el(
    'div',
    { class: 'nb-HeatMap', tabindex: 0, role: 'img', ...ownKeys },
    this.canvas,
    this.cursor,
  );

  /** `moved` learns the row and column under the cursor, `chosen` those that a click or Enter selects. */
  constructor(
    private readonly moved: (row: number, column: number) => void,
    private readonly chosen: (row: number, column: number) => void = () => {},
  ) {
    this.node.addEventListener('pointermove', event => this.point(event));
    this.node.addEventListener('pointerdown', event => this.point(event));
    this.node.addEventListener('click', () => this.choose());
    this.node.addEventListener('keydown', event => this.onKey(event));
    this.node.addEventListener('focus', () => this.move(this.row, this.column));
  }

  draw(matrix: Matrix, label: string): void {
    this.matrix = matrix;
    paint(this.canvas, matrix);
    this.node.style.setProperty('--nb-width', String(matrix.width));
    this.node.style.setProperty('--nb-height', String(matrix.height));
    this.node.setAttribute('aria-label', label);
    this.row = Math.min(this.row, matrix.height - 1);
    this.column = Math.min(this.column, matrix.width - 1);
    if (!this.cursor.hidden) this.move(this.row, this.column);
  }

  private point(event: PointerEvent): void {
    if (!this.matrix) return;
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.matrix.width);
    const row = Math.floor(((event.clientY - box.top) / box.height) * this.matrix.height);
    if (row >= 0 && column >= 0 && row < this.matrix.height && column < this.matrix.width)
      this.move(row, column);
  }

  private choose(): void {
    if (!this.cursor.hidden) this.chosen(this.row, this.column);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      return this.choose();
    }
    const by: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    if (!this.matrix || !Object.hasOwn(by, event.key) || event.ctrlKey || event.metaKey || event.altKey)
      return;
    event.preventDefault();
    event.stopPropagation();
    const clamp = (value: number, most: number) => Math.min(most - 1, Math.max(0, value));
    const [down, right] = by[event.key].map(step => step * (event.shiftKey ? 10 : 1));
    this.move(clamp(this.row + down, this.matrix.height), clamp(this.column + right, this.matrix.width));
  }

  private move(row: number, column: number): void {
    if (!this.matrix || this.matrix.width * this.matrix.height === 0) return;
    [this.row, this.column] = [row, column];
    this.cursor.hidden = false;
    const { width, height } = this.matrix;
    Object.assign(this.cursor.style, {
      left: `${(100 * column) / width}%`,
      top: `${(100 * row) / height}%`,
      width: `${100 / width}%`,
      height: `${100 / height}%`,
    });
    this.moved(row, column);
  }
}
