/** Rich values: pictures, numbers, tables, and everything that a value can do to the one who looks at it. */
import { describe, expect, test } from 'vitest';
import { fromBase64 } from '../base/base64.ts';
import type { MimeBundle } from '../base/host.ts';
import { encodePng } from '../base/png-encode.ts';
import { decodePng } from '../base/png.ts';
import { Tensor, tensor } from '../base/tensor.ts';
import { bundleOf, displaySymbol, isSilent } from './bundle.ts';

const bundle = (value: unknown) =>
  bundleOf(value) as MimeBundle & { 'text/plain': string; 'text/html': string };
const text = (value: unknown) => bundle(value)['text/plain'];
const html = (value: unknown) => bundle(value)['text/html'];
const pixel = {
  width: 2,
  height: 1,
  channels: 4,
  data: new Uint8Array([255, 0, 0, 255, 0, 0, 255, 255]),
} as const;

describe('pictures', () => {
  const png = encodePng(pixel);
  test('bytes of a PNG are the picture', () => {
    expect(bundle(png)).toEqual({
      'image/png': expect.any(String),
      'text/plain': `PNG picture, ${png.length} bytes`,
    });
    expect(fromBase64(String(bundle(Buffer.from(png))['image/png']))).toEqual(png);
    expect(bundle(png.buffer)).toHaveProperty('image/png');
  });
  test.each([
    ['image/jpeg', [0xff, 0xd8, 0xff, 0xe0]],
    ['image/gif', [...'GIF89a'].map(char => char.charCodeAt(0))],
    ['image/webp', [...'RIFF\0\0\0\0WEBPVP8 '].map(char => char.charCodeAt(0))],
  ])('%s', (type, bytes) => {
    expect(bundle(Uint8Array.from(bytes))).toHaveProperty([type]);
  });
  test('other bytes are bytes', () => {
    expect(Object.keys(bundle(Uint8Array.from([1, 2, 3])))).toEqual(['text/plain']);
    expect(Object.keys(bundle(new Uint8Array(0)))).toEqual(['text/plain']);
  });
  test('ImageData is drawn', () => {
    const { 'image/png': data, 'text/plain': words } = bundle({
      ...pixel,
      data: new Uint8ClampedArray(pixel.data),
    });
    expect(words).toBe('picture, 2×1');
    expect([...decodePng(fromBase64(String(data))).data]).toEqual([...pixel.data]);
    for (const wrong of [{ width: 3 }, { width: 0 }, { width: NaN }, { data: [1, 2] }])
      expect(bundle({ ...pixel, ...wrong })).not.toHaveProperty('image/png');
  });
});

describe('numbers', () => {
  test('a tensor: shape, least, mean, greatest, first values, colours', () => {
    const values = tensor(
      Float32Array.from({ length: 96 }, (_, i) => i - 48),
      [2, 6, 8],
    );
    expect(text(values)).toBe(values.toString());
    const shown = html(values);
    expect(shown).toContain('<b>tensor float32</b> 2×6×8 · min -48 · mean -0.5 · max 47');
    expect(shown.match(/<img /g)).toHaveLength(2);
    expect(shown).toContain('[-48, -47, -46, -45, -44, -43, -42, -41, …]');
    expect(shown).not.toMatch(/<script|onload/);
  });
  test('a few numbers, words and nothing stay text', () => {
    for (const value of [tensor([1, 2]), new Tensor('string', [40], Array(40).fill('a')), tensor([], [0])])
      expect(bundle(value)).toEqual({ 'text/plain': value.toString() });
  });
  test('halves, 64-bit integers, booleans and values that are not finite', () => {
    expect(html(tensor(Array(40).fill(1.5)).cast('float16'))).toContain('min 1.5 · mean 1.5 · max 1.5');
    expect(html(new BigInt64Array(40).fill(7n))).toContain('<b>BigInt64Array</b> 40 · min 7');
    expect(html(tensor(Array(40).fill(true)))).toContain('max 1');
    expect(html(new Float32Array(40).fill(NaN))).toContain('40 not finite');
    expect(html(Float64Array.from({ length: 40 }, (_, i) => (i ? i : Infinity)))).toContain(
      'max 39 · 1 not finite',
    );
  });
  test('ten million are soon shown', () => {
    const since = performance.now();
    bundle(new Float32Array(1e7));
    bundle(new Array(1e7).fill(1));
    bundle({ big: new Float64Array(1e7) });
    expect(performance.now() - since).toBeLessThan(10_000);
  });
});

describe('tables', () => {
  test('wide and long ones say what is left out', () => {
    const wide = Array.from({ length: 60 }, () =>
      Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`c${i}`, i])),
    );
    expect(html(wide)).toContain('<p>… 10 more rows, … 5 more columns</p>');
    expect(html(wide).match(/<th /g)).toHaveLength(20);
  });
  test('a map of records has its keys in front', () => {
    expect(
      html(
        new Map([
          ['a', { n: 1 }],
          ['b', { n: 2 }],
        ]),
      ),
    ).toContain('>key</th>');
    expect(
      bundle(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ),
    ).toEqual({ 'text/plain': "Map(2) { 'a' => 1, 'b' => 2 }" });
  });
  test('what a cell of a table cannot hold is named', () => {
    const circular: Record<string, unknown> = { a: 1 };
    circular.self = circular;
    const row = {
      circular,
      big: 10n,
      array: new Float32Array(1e6),
      list: Array(100).fill(1),
      map: new Map([[1, 2]]),
      when: new Date(NaN),
      symbol: Symbol('s'),
      fn: () => 1,
      get bad(): never {
        throw new Error('no');
      },
    };
    const table = html([row, row]);
    for (const part of [
      'Float32Array(1000000)',
      'Map(1)',
      'Invalid Date',
      'Symbol(s)',
      '(no)',
      '{…}',
      '1,1,…',
    ])
      expect(table).toContain(part);
  });
  test('an Arrow table of any package', () => {
    const arrow = {
      schema: {
        fields: [
          { name: 'id', type: 'Int32' },
          { name: 'name', type: 'Utf8' },
        ],
      },
      numRows: 60,
      get: (i: number) => ({ id: i, name: `n${i}` }),
    };
    expect(text(arrow)).toMatch(
      /^table, 60 rows × 2 columns\nid: Int32, name: Utf8\n0 {2}n0\n[^]*… 50 more rows$/,
    );
    expect(html(arrow).match(/<tr>/g)).toHaveLength(51);
  });
});

describe('nothing that a value does makes a cell fail', () => {
  const thrower = () => {
    throw new Error('no');
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  test.each<[string, unknown, RegExp]>([
    [
      'getters',
      {
        get bad() {
          return thrower();
        },
      },
      /bad: \[Getter\]/,
    ],
    [
      'a proxy that refuses everything',
      new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower, getPrototypeOf: thrower }),
      /./,
    ],
    ['a proxy that is gone', revoked.proxy, /./],
    ['its own text', { [Symbol.for('nodejs.util.inspect.custom')]: thrower }, /cannot be shown: no/],
    ['its display', { [displaySymbol]: thrower }, /its own display failed: no/],
    ['a display of nothing', { [displaySymbol]: () => undefined }, /returned no MIME bundle/],
    [
      'a display that throws no error',
      {
        [displaySymbol]: () => {
          throw null;
        },
      },
      /its own display failed: null/,
    ],
    [
      'a display that cannot travel',
      { [displaySymbol]: () => ({ 'application/json': { n: 1n } }) },
      /its own display failed/,
    ],
    ['a class without prototype', Object.create(null), /Object: null prototype/],
    ['a promise', Promise.resolve(1), /Promise/],
    ['an error', new RangeError('out'), /RangeError: out/],
    ['a hole', [, 1], /empty item/],
    [
      'an element of a page',
      { nodeType: 1, outerHTML: '<b onclick="x()">hi</b>' },
      /^<b onclick="x\(\)">hi<\/b>$/,
    ],
    ['HTML that is a string', '<script>x()</script>', /^'<script>x\(\)<\/script>'$/],
  ])('%s', (_, value, expected) => {
    expect(isSilent(value)).toBe(false);
    expect(text(value)).toMatch(expected);
    expect(bundle(value)).not.toHaveProperty('text/html');
  });

  test('what a display returns is made fit to travel', () => {
    const made = bundle({
      [displaySymbol]: () => ({
        'image/png': new Uint8Array([1, 2]),
        'text/html': ['<b>', 'x</b>'],
        'text/plain': 5,
        'application/json': { keep: 1, drop: () => 1 },
        'text/latex': undefined,
      }),
    });
    expect(made).toEqual({
      'image/png': 'AQI=',
      'text/html': '<b>x</b>',
      'text/plain': '5',
      'application/json': { keep: 1 },
    });
  });
  test('deep, wide and endless values have a short text, soon', () => {
    const since = performance.now();
    const wide = (depth: number): unknown => (depth ? Array(60).fill(wide(depth - 1)) : 1);
    const circular: unknown[] = [];
    circular.push(circular);
    let deep: object = {};
    for (let i = 0; i < 1e5; i++) deep = { deep };
    const keys = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, i]));
    for (const value of [wide(5), circular, deep, keys, new Set(Array(1e5).keys()), 'x'.repeat(1e6)])
      expect(text(value).length).toBeLessThan(120_000);
    expect(text(keys)).toMatch(/… 99800 more keys$/);
    expect(performance.now() - since).toBeLessThan(10_000);
  });
});
