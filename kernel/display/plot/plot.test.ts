/** Charts: what each kind says in words, in Plotly and in SVG. */
import { describe, expect, test } from 'vitest';
import { decodePng } from '../../base/png.ts';
import { fromBase64 } from '../../base/base64.ts';
import { rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { displaySymbol, type Displayable } from '../bundle.ts';
import { unpackList, type TypedList } from '../packed.ts';
import * as plot from '../plot.ts';
import { shade } from './colors.ts';
import { niceTicks, scaleOf } from './scale.ts';

const bundle = (chart: Displayable) => chart[displaySymbol]() as Record<string, string>;
const plotly = (chart: Displayable) =>
  (bundle(chart) as Record<string, unknown>)['application/vnd.plotly.v1+json'] as {
    data: Record<string, unknown>[];
    layout: Record<string, Record<string, unknown>>;
  };

const charts = {
  line: plot.line([0, 1, 2], [1, 4, 2], { title: 'loss', x: 'step', y: 'nats' }),
  lines: plot.lines({ train: [3, 2, 1], 'fresh <draws>': [3, 2.5, 2] }, { log: 'y' }),
  bar: plot.bar(['a', 'b', 'c'], tensor([0.2, -0.5, 0.3])),
  groups: plot.bar([1, 2], { before: [1, 2], after: [2, 1] }),
  scatter: plot.scatter([1, 2, 3], [3, 1, 2], { labels: ['x', 'y', 'z'], color: [0, 0.5, 1] }),
  named: plot.scatter([1, 2, 3], [3, 1, 2], { color: ['p', 'q', 'p'] }),
  histogram: plot.histogram([1, 1, 2, 3, 3, 3], { bins: 2 }),
  heatmap: plot.heatmap(
    [
      [1, -2],
      [0, 3],
    ],
    { rows: ['r0', 'r1'], columns: ['c0', 'c1'] },
  ),
};

test.each(Object.entries(charts))('%s has all three faces, without script or unescaped text', (_, chart) => {
  const made = bundle(chart);
  expect(Object.keys(made)).toEqual([
    'application/vnd.plotly.v1+json',
    'text/html',
    'image/svg+xml',
    'text/plain',
  ]);
  const svg = made['image/svg+xml'];
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox/);
  expect(svg).not.toMatch(/NaN|undefined|Infinity|<script|<draws>|class=/);
  expect(JSON.stringify(plotly(chart))).not.toMatch(/NaN|Infinity/);
  expect(plotly(chart).layout.meta.alt).toBe(made['text/plain']);
});

test('in words', () => {
  expect(Object.entries(charts).map(([name, chart]) => `${name} — ${String(chart)}`)).toMatchInlineSnapshot(`
    [
      "line — line chart: loss; x is step, y is nats; 3 points, from 1 to 2, least 1 at 0, greatest 4 at 1",
      "lines — line chart; train, 3 points, from 3 to 1, least 1 at 2, greatest 3 at 0; fresh <draws>, 3 points, from 3 to 2, least 2 at 2, greatest 3 at 0",
      "bar — bar chart; 3 bars, least -0.5 at b, greatest 0.3 at c",
      "groups — bar chart; before, 2 bars, least 1 at 1, greatest 2 at 2; after, 2 bars, least 1 at 2, greatest 2 at 1",
      "scatter — scatter plot; 3 points, x from 0.96 to 3.04, least 1 at y, greatest 3 at x",
      "named — scatter plot; p, 2 points, x from 0.96 to 3.04, least 2 at 3, greatest 3 at 1; q, 1 points, x from 0.96 to 3.04, least 1 at 2, greatest 1 at 2",
      "histogram — histogram; y is count; 2 bars, least 2 at 1 to 2, greatest 4 at 2 to 3",
      "heatmap — heatmap; 2×2 values from -2 to 3",
    ]
  `);
});

test('one list is drawn against its index', () => {
  expect(plotly(plot.line([5, 6])).data[0]).toMatchObject({ x: [0, 1], y: [5, 6] });
});

test('every kind of number is taken', () => {
  const expected = { y: [1, 2] };
  for (const values of [[1, 2], new Float32Array([1, 2]), new BigInt64Array([1n, 2n]), tensor([1, 2])])
    expect(plotly(plot.line(values)).data[0]).toMatchObject(expected);
});

test('what is not finite is a gap', () => {
  const chart = plot.line([0, 1, 2, 3], [1, NaN, 2, Infinity]);
  expect(plotly(chart).data[0].y).toEqual([1, null, 2, null]);
  expect(chart.svg().match(/ d="([^"]*)"/)?.[1]).toMatch(/^M[\d.]+ [\d.]+M[\d.]+ [\d.]+$/);
});

test('a long line keeps its peaks in the picture', () => {
  const ys = Array.from({ length: 100_000 }, (_, i) => (i === 50_001 ? 10 : Math.sin(i / 100)));
  const svg = plot.line(ys).svg();
  const path = svg.match(/ d="([^"]*)"/)?.[1] ?? '';
  expect(svg.length).toBeLessThan(60_000);
  expect(path.split('L').some(point => point.endsWith(' 21.1'))).toBe(true);
});

test('a logarithmic axis has powers of ten', () => {
  expect(scaleOf({ log: true }, [0.01, 100], [0, 100]).ticks.map(({ text }) => text)).toEqual([
    '0.01',
    '0.1',
    '1',
    '10',
    '100',
  ]);
});

test.each<[number, number, number, number[]]>([
  [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [-3, 7, 4, [0, 5]],
  [0.11, 0.19, 4, [0.12, 0.14, 0.16, 0.18]],
  [5, 5, 4, [5]],
])('round ticks from %f to %f', (low, high, count, expected) => {
  expect(niceTicks(low, high, count)).toEqual(expected);
});

test('zero is the middle of a diverging scale', () => {
  const [cells] = charts.heatmap.figure.layers;
  expect(cells).toMatchObject({ scale: 'diverging', range: [-3, 3] });
  expect(shade(0.5, 'diverging')).toBe('#dedede');
});

test('bins count every value once', () => {
  const [bars] = charts.histogram.figure.layers;
  expect(bars).toMatchObject({ x: [1.5, 2.5], y: [2, 4] });
});

describe('mistakes', () => {
  test.each<[string, () => unknown, string]>([
    ['x and y', () => plot.line([1, 2], [1]), 'lists of unequal length: 2 and 1; expected one y for each x'],
    [
      'labels',
      () => plot.bar(['a'], [1, 2]),
      'labels and values of unequal length: 1 and 2; expected one y for each x',
    ],
    ['rows', () => plot.heatmap([[1, 2], [3]]), 'rows of unequal length: row 1 has 1 values; expected 2'],
    [
      'a vector',
      () => plot.heatmap(tensor([1, 2])),
      'heatmap needs a matrix: received 2; expected rows × columns',
    ],
    [
      'no picture',
      () => plot.image(tensor([1, 2])),
      'no picture: a tensor of 2; expected height×width, or with 1, 3 or 4 channels first or last',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ name: 'ShapeError', message }));
  });
});

describe('image', () => {
  const pixel = (picture: Displayable, x: number, y: number) => {
    const { data, width, channels } = decodePng(fromBase64(bundle(picture)['image/png']));
    return [...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];
  };
  test('channels first and last are the same picture', () => {
    const first = plot.image(tensor([1, 0, 0, 0.5, 0, 0], [1, 3, 1, 2]), { least: 1 });
    const last = plot.image(tensor([1, 0, 0, 0, 0.5, 0], [1, 2, 3]), { least: 1 });
    expect(pixel(first, 0, 0)).toEqual([255, 0, 0]);
    expect(pixel(first, 1, 0)).toEqual([0, 128, 0]);
    expect(pixel(last, 1, 0)).toEqual([0, 128, 0]);
    expect(bundle(last)['text/plain']).toBe('picture: 2×1 pixels, values 0 to 1');
  });
  test('other values are scaled to what they span; small pictures grow', () => {
    const picture = plot.image(tensor([-2, 0, 0, 2], [2, 2]), { least: 4 });
    expect(pixel(picture, 0, 0)).toEqual([0]);
    expect(pixel(picture, 3, 3)).toEqual([255]);
    expect(pixel(picture, 1, 1)).toEqual([0]);
  });
});

test('many cells are one picture, in the colours of few and the same way up', () => {
  const z = Array.from({ length: 20 }, (_, i) =>
    Array.from({ length: 15 }, (_, j) => (i === 3 && j === 2 ? NaN : i * 15 + j)),
  );
  const svg = plot.heatmap(z).svg();
  const [, encoded] = /href="data:image\/png;base64,([^"]+)"/.exec(svg) ?? [];
  const { width, height, channels, data } = decodePng(Buffer.from(encoded, 'base64'));
  expect([width, height, channels]).toEqual([15, 20, 4]);
  const pixel = (i: number, j: number) => Buffer.from(data.subarray(4 * (15 * i + j)).subarray(0, 4));
  for (const [i, j] of [
    [0, 0],
    [0, 14],
    [19, 0],
    [11, 7],
  ])
    expect(`#${pixel(i, j).toString('hex')}`).toBe(`${shade((i * 15 + j) / 299, 'sequential')}ff`);
  expect(pixel(3, 2)[3]).toBe(0);
});

describe('a hundred thousand points', () => {
  const random = rng('points');
  const count = 100_000;
  const x = Float32Array.from({ length: count }, () => random.normal());
  const y = Float32Array.from({ length: count }, (_, i) => x[i] + random.normal());
  const color = Float32Array.from(x, (value, i) => value - y[i]);

  test('travel as bytes, all of them', () => {
    const { type, ...trace } = plotly(plot.scatter(x, y)).data[0];
    expect(type).toBe('scattergl');
    expect(unpackList(trace.x)).toEqual(x);
    expect(unpackList(trace.y)).toEqual(y);
    expect(JSON.stringify(trace).length).toBeLessThan((2 * count * 4 * 4) / 3 + 500);
  });

  test('keep eight bytes where four are too few, and gaps', () => {
    const days = Array.from({ length: 6000 }, (_, i) => 1.7e12 + i);
    const { x, y } = plotly(
      plot.line(
        days,
        days.map((_, i) => (i === 3 ? NaN : i)),
      ),
    ).data[0];
    expect((x as TypedList).dtype).toBe('f8');
    expect([...(unpackList(x) as Float64Array)]).toEqual(days);
    expect((y as TypedList).dtype).toBe('f4');
    expect(unpackList(y)![3]).toBeNaN();
  });

  test('are a small picture, with one dot for each few pixels', () => {
    const plain = bundle(plot.scatter(x, y))['image/svg+xml'];
    expect(plain.length).toBeLessThan(150_000);
    expect(plain.match(/h0/g)!.length).toBeGreaterThan(1500);
    const coloured = bundle(plot.scatter(x, y, { color }))['image/svg+xml'];
    expect(coloured.length).toBeLessThan(200_000);
    expect(coloured).not.toMatch(/NaN|undefined|Infinity/);
  });

  test.each([
    {},
    [1, 2],
    { dtype: 'f4', bdata: 'AAA' },
    { dtype: 'x', bdata: '' },
    { dtype: 'f4', bdata: '<' },
  ])('are not read from %j', value => expect(unpackList(value)).toBeUndefined());
});

test('every name stands above the saved picture, in rows that fit; of very many the first', () => {
  const series = (count: number, word: string) =>
    plot.lines(Object.fromEntries(Array.from({ length: count }, (_, i) => [`${word} ${i}`, [0, 1]])));
  const named = (chart: Displayable, word: string) => {
    const svg = bundle(chart)['image/svg+xml'];
    const found = svg.matchAll(
      new RegExp(`<text x="([\\d.]+)" y="([\\d.]+)"[^>]*>(${word} \\d+)</text>`, 'g'),
    );
    return [...found].map(([, x, y, name]) => ({ x: Number(x), y: Number(y), name }));
  };
  const some = named(series(12, 'a random control'), 'a random control');
  expect(some.map(({ name }) => name)).toEqual(Array.from({ length: 12 }, (_, i) => `a random control ${i}`));
  for (const { x, y, name } of some) {
    expect(x + 7 * name.length).toBeLessThanOrEqual(640);
    expect(y).toBeGreaterThan(10);
  }
  expect(new Set(some.map(({ y }) => y)).size).toBeGreaterThan(1);
  expect(named(series(300, 'walker'), 'walker').length).toBeLessThan(60);
});
