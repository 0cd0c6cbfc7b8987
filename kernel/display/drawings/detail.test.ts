/** Level of detail: what is left out cannot be seen, and what is kept does not flicker. */
import { describe, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import {
  ascends,
  countFor,
  countWithin,
  eachCell,
  envelope,
  evenSize,
  firstFrom,
  layersOf,
  type Cell,
  type Window,
} from './detail.ts';

const random = rng('detail');
const cloud = Array.from({ length: 20_000 }, () => random.normal());
const [x, y] = [cloud.slice(0, 10_000), cloud.slice(10_000)];
const all: Window = { x: [-5, 5], y: [-5, 5] };
const shownIn = (window: Window, cell: Cell) => {
  const shown: number[] = [];
  eachCell(x, y, window, cell, i => shown.push(i));
  return shown;
};
const cellOf = (i: number, { width, height }: Cell) =>
  `${Math.floor(x[i] / width)},${Math.floor(y[i] / height)}`;

describe('points', () => {
  const cell = { width: 0.1, height: 0.25 };

  test('one for each cell that has any, as a plain count says', () => {
    const shown = shownIn(all, cell);
    const cells = new Set(
      x.flatMap((a, i) => (Math.abs(a) <= 5 && Math.abs(y[i]) <= 5 ? [cellOf(i, cell)] : [])),
    );
    expect(shown.length).toBe(cells.size);
    expect(new Set(shown.map(i => cellOf(i, cell)))).toEqual(cells);
    expect(shown.length).toBeLessThan(x.length / 4);
  });

  test('stay the same where the window moves, but at its edge', () => {
    const [before, after] = [0, 0.037].map(
      by => new Set(shownIn({ x: [-1 + by, 1 + by], y: [-1, 1] }, cell)),
    );
    const inner = [...before].filter(i => x[i] > -0.8 && x[i] < 0.8);
    expect(inner.length).toBeGreaterThan(50);
    expect(inner.filter(i => !after.has(i))).toEqual([]);
  });

  test('are all there once each has a cell of its own', () => {
    const window: Window = { x: [0, 0.05], y: [0, 0.05] };
    const cell = { width: 1e-4, height: 1e-4 };
    expect(shownIn(window, cell).length).toBe(countWithin(x, y, window));
    expect(countWithin(x, y, window)).toBeGreaterThan(0);
  });

  test('that are missing are nowhere; a window of too many cells is refused', () => {
    const shown: number[] = [];
    eachCell([0, NaN, Infinity, 1], [0, 0, 0, NaN], all, cell, i => shown.push(i));
    expect(shown).toEqual([0]);
    expect(() => shownIn(all, { width: 1e-9, height: 1e-9 })).toThrow(/cells; a picture has at most/);
    expect(shownIn({ x: [1, 0], y: [0, 1] }, cell)).toEqual([]);
  });

  test('are found again among the first of their layer', () => {
    const wide: Window = { x: [-6, 6], y: [-6, 6] };
    const first: Cell = { width: 0.5, height: 0.25 };
    const layers = layersOf(x, y, wide, first, 3);
    expect([...layers.order].sort((a, b) => a - b)).toEqual(x.map((_, i) => i));
    const [u, v] = [x, y].map(list => Float64Array.from(layers.order, i => list[i]));
    for (const by of [1, 2, 4, 8]) {
      const cell = { width: first.width / by, height: first.height / by };
      const found: number[] = [];
      const count = countFor(layers, cell);
      eachCell(u, v, all, cell, i => found.push(layers.order[i]), count);
      expect(new Set(found)).toEqual(new Set(shownIn(all, cell)));
      expect(count < x.length).toBe(by < 8);
    }
    expect(countFor(layers, { width: 0.5, height: 0.5 })).toBe(x.length);
    // a layer less finds fewer
    const few: number[] = [];
    eachCell(u, v, all, { width: 0.25, height: 0.125 }, i => few.push(i), layers.ends[0]);
    expect(few.length).toBeLessThan(shownIn(all, { width: 0.25, height: 0.125 }).length);
  });

  test('cells change at powers of two only', () =>
    expect([1, 1.9, 2, 0.3, 1e-9].map(evenSize)).toEqual([1, 1, 2, 0.25, 2 ** -30]));
});

describe('lines', () => {
  const values = Array.from({ length: 100_000 }, (_, i) => Math.sin(i / 999) + (i === 54_321 ? 9 : 0));

  test('keep the extremes of each part, and both ends', () => {
    const kept = envelope(values, 0, values.length, 500);
    expect(kept.length).toBeLessThanOrEqual(1002);
    expect([kept[0], kept.at(-1)]).toEqual([0, 99_999]);
    expect(kept).toContain(54_321);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
    for (let part = 0; part < 500; part++) {
      const own = values.slice(part * 200, (part + 1) * 200);
      const shown = kept.filter(i => i >= part * 200 && i < (part + 1) * 200).map(i => values[i]);
      expect([Math.min(...shown), Math.max(...shown)]).toEqual([Math.min(...own), Math.max(...own)]);
    }
  });

  test('that are short are whole, and gaps stay', () => {
    expect(envelope([3, 1, 2], 0, 3, 2)).toEqual([0, 1, 2]);
    expect(envelope([3, 1, 2], 2, 2, 2)).toEqual([]);
    const gap = values.map((value, i) => (i === 777 ? NaN : value));
    expect(envelope(gap, 0, gap.length, 50)).toContain(777);
  });

  test('are cut by x', () => {
    expect([-1, 0, 0.5, 2, 9].map(value => firstFrom([0, 1, 2, 2, 3], value))).toEqual([0, 0, 1, 2, 5]);
    expect([[0, 1, 1], [1, 0], [0, NaN, 2], []].map(ascends)).toEqual([true, false, false, false]);
  });
});
