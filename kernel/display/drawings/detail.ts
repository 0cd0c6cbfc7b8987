/**
 * Level of detail: of a million points, those that a picture of some hundred pixels can show. The page asks again for each
 * part that it zooms to; the saved picture asks once.
 */

/** What is in sight, in the units of the axes. */
export interface Window {
  x: readonly [number, number];
  y: readonly [number, number];
}

/** The sizes of the cells, in the same units, of which each shows one point. */
export interface Cell {
  width: number;
  height: number;
}

/** Cells of one window; more would not be seen. */
const MOST = 2 ** 22;

/**
 * Visits the first point of each cell that has any, in their order, of the points in sight. Cells lie on multiples of their
 * size, so that the same points stand for the rest wherever the window moves.
 * @param count how many of the points are looked at
 */
export function eachCell(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { x: [left, right], y: [low, high] }: Window,
  { width, height }: Cell,
  visit: (index: number) => void,
  count = x.length,
): void {
  const [column, row] = [Math.floor(left / width), Math.floor(low / height)];
  const columns = Math.floor(right / width) - column + 1;
  const rows = Math.floor(high / height) - row + 1;
  if (!(columns > 0 && rows > 0)) return;
  if (columns * rows > MOST) throw new RangeError(`${columns}×${rows} cells; a picture has at most ${MOST}`);
  const taken = new Uint8Array(columns * rows);
  for (let i = 0; i < count; i++) {
    const [a, b] = [x[i], y[i]];
    // NaN is in no window
    if (!(a >= left && a <= right && b >= low && b <= high)) continue;
    const at = (Math.floor(b / height) - row) * columns + Math.floor(a / width) - column;
    if (taken[at]) continue;
    taken[at] = 1;
    visit(i);
  }
}

/** Points so ordered that those which stand for the rest come first. */
export interface Layers {
  /** Indices of all points. */
  order: Uint32Array;
  /** The cell of the first layer; each later one halves both sides. */
  cell: Cell;
  /** How many points are in each layer and those before it. */
  ends: number[];
}

/**
 * Layer upon layer, the first points of ever smaller cells. `eachCell` of a layer's cell visits the same points as before
 * and finds them among the layer's own: a view of a million points looks at some thousands.
 */
export function layersOf(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  window: Window,
  cell: Cell,
  most = 5,
): Layers {
  const order = new Uint32Array(x.length);
  const chosen = new Uint8Array(x.length);
  const ends: number[] = [];
  let [end, { width, height }] = [0, cell];
  const cells = () => ((window.x[1] - window.x[0]) / width + 2) * ((window.y[1] - window.y[0]) / height + 2);
  while (ends.length < most && cells() < MOST) {
    eachCell(x, y, window, { width, height }, i => {
      if (chosen[i]) return;
      chosen[i] = 1;
      order[end++] = i;
    });
    ends.push(end);
    [width, height] = [width / 2, height / 2];
  }
  for (let i = 0; i < x.length; i++) if (!chosen[i]) order[end++] = i;
  return { order, cell, ends };
}

/** How many points `eachCell` has to look at; all where the cell is of no layer. */
export function countFor({ order, cell, ends }: Layers, { width, height }: Cell): number {
  const layer = Math.log2(cell.width / width);
  if (cell.height / height !== cell.width / width || !Number.isInteger(layer)) return order.length;
  return ends[Math.max(0, layer)] ?? order.length;
}

/** The largest power of two that is at most `size`: zooming a little changes no cell. */
export const evenSize = (size: number): number => 2 ** Math.floor(Math.log2(size));

/** How many points are in sight. */
export function countWithin(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { x: [left, right], y: [low, high] }: Window,
): number {
  let count = 0;
  for (let i = 0; i < x.length; i++)
    if (x[i] >= left && x[i] <= right && y[i] >= low && y[i] <= high) count++;
  return count;
}

/**
 * Indices of the least and the greatest of each of `parts` runs between `from` and `to`, and of both ends, in order: a
 * line through them covers the same pixels as the line through all.
 */
export function envelope(y: ArrayLike<number>, from: number, to: number, parts: number): number[] {
  const count = to - from;
  if (count <= 2 * parts) return Array.from({ length: Math.max(0, count) }, (_, i) => from + i);
  const kept = [from];
  for (let part = 0; part < parts; part++) {
    const [start, end] = [part, part + 1].map(edge => from + Math.floor((edge * count) / parts));
    let [low, high] = [-1, -1];
    // a gap stays one
    let gap = -1;
    for (let i = start; i < end; i++) {
      if (!Number.isFinite(y[i])) gap = i;
      else {
        if (low < 0 || y[i] < y[low]) low = i;
        if (high < 0 || y[i] > y[high]) high = i;
      }
    }
    const found = [...new Set([low, high, gap])].filter(i => i >= 0);
    kept.push(...found.sort((a, b) => a - b));
  }
  kept.push(to - 1);
  return kept.filter((index, i) => index !== kept[i - 1]);
}

/** The first index whose x is at least `value`, of ascending ones. */
export function firstFrom(x: ArrayLike<number>, value: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether each is at least the one before; false where one is missing. */
export function ascends(x: ArrayLike<number>): boolean {
  for (let i = 1; i < x.length; i++) if (!(x[i] >= x[i - 1])) return false;
  return x.length > 0 && !Number.isNaN(x[0]);
}
