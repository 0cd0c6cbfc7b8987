/** What values look like, as whole bundles. */
import { describe, expect, test } from 'vitest';
import { inspect as browserInspect } from '../base/platform/inspect.browser.ts';
import { inspect as nodeInspect } from '../base/platform/inspect.node.ts';
import { tensor } from '../base/tensor.ts';
import { bundleOf, displaySymbol, isSilent } from './bundle.ts';
import { html } from './display.ts';

test.each<[string, unknown, Record<string, unknown>]>([
  ['a number', 5, { 'text/plain': '5' }],
  ['a string', 'a', { 'text/plain': "'a'" }],
  ['undefined', undefined, { 'text/plain': 'undefined' }],
  ['an object', { a: [1, { b: 2 }] }, { 'text/plain': '{ a: [ 1, { b: 2 } ] }' }],
  ['numbers', [1, 2], { 'text/plain': '[ 1, 2 ]' }],
  [
    'a long typed array',
    new Uint8Array(1000),
    {
      'text/plain': `Uint8Array(1000) [\n  0, 0, 0, 0, 0,\n  0, 0, 0, 0, 0,\n  0, 0,\n  ... 988 more items\n]`,
    },
  ],
  ['a tensor', tensor([1, 2], [2]), { 'text/plain': 'tensor float32 2 [1, 2]' }],
  ['html', html('<b>x</b> y'), { 'text/html': '<b>x</b> y', 'text/plain': 'x y' }],
  ['a value that shows itself', { [displaySymbol]: () => ({ 'text/plain': 'me' }) }, { 'text/plain': 'me' }],
])('%s', (_, value, expected) => {
  expect(bundleOf(value)).toEqual(expected);
});

test('a value may show itself later, and text is added where it gives none', async () => {
  class Late {
    size = 2;
    async [displaySymbol]() {
      return { 'text/html': '<i>late</i>' };
    }
  }
  const bundle = bundleOf(new Late());
  expect(bundle).toBeInstanceOf(Promise);
  expect(await bundle).toEqual({ 'text/html': '<i>late</i>', 'text/plain': 'Late { size: 2 }' });
});

test('a display that fails leaves the value', async () => {
  const text = { 'text/plain': '{}\n(its own display failed: no)' };
  const sync = Object.defineProperty({}, displaySymbol, {
    value: () => {
      throw new Error('no');
    },
  });
  const later = Object.defineProperty({}, displaySymbol, { value: () => Promise.reject(new Error('no')) });
  expect(bundleOf(sync)).toEqual(text);
  expect(await bundleOf(later)).toEqual(text);
});

test('records are a table without script, escaped', () => {
  const { 'text/html': table, 'text/plain': text } = bundleOf([
    { site: 'conv1', size: 12, note: '<script>' },
    { site: 'conv2', size: 0.123456789 },
  ]) as Record<string, string>;
  expect(text).toContain("site: 'conv1'");
  expect(table).toMatchInlineSnapshot(`
    "<table>
    <thead><tr><th style="text-align: left">site</th><th style="text-align: right">size</th><th style="text-align: left">note</th></tr></thead>
    <tbody>
    <tr><td style="text-align: left">conv1</td><td style="text-align: right">12</td><td style="text-align: left">&lt;script&gt;</td></tr>
    <tr><td style="text-align: left">conv2</td><td style="text-align: right">0.123457</td><td style="text-align: left"></td></tr>
    </tbody>
    </table>"
  `);
});

test('a long table says how much is missing', () => {
  const rows = Array.from({ length: 60 }, (_, n) => ({ n }));
  const table = (bundleOf(rows) as Record<string, string>)['text/html'];
  expect(table.match(/<tr>/g)).toHaveLength(51);
  expect(table).toContain('<p>… 10 more rows</p>');
});

test.each([[[[1, 2]]], [[{ a: 1 }]], [[{ a: 1 }, 2]], [[new Date(0), new Date(1)]]])(
  'no table for %j',
  value => {
    expect(bundleOf(value)).not.toHaveProperty('text/html');
  },
);

test('nothing is shown for undefined and for a handle, but for null', () => {
  expect([undefined, null, 0, {}].map(isSilent)).toEqual([true, false, false, false]);
});

describe('a browser says the same as Node', () => {
  class Point {
    x = 1;
  }
  const circular: Record<string, unknown> = { a: 1 };
  test.each<[unknown]>([
    [5],
    [-0],
    ['a'],
    ["it's"],
    [10n],
    [true],
    [null],
    [undefined],
    [Symbol('s')],
    [[]],
    [{}],
    [[1, 'b', null]],
    [{ a: 1, 'b-c': [2] }],
    [new Point()],
    [new Map([['k', { v: 1 }]])],
    [new Set([1, 2])],
    [new Uint8Array([1, 2])],
    [() => 1],
    [Point],
    [/x/g],
    [new Date(0)],
    [{ f() {} }],
    [Object.create(null)],
    [[[1, [2]]]],
  ])('%o', value => {
    expect(browserInspect(value)).toBe(nodeInspect(value));
  });
  test('and ends where an object holds itself', () => {
    circular.self = circular;
    expect(browserInspect(circular)).toBe('{ a: 1, self: [Circular] }');
  });
  test('and shows as many items as asked', () => {
    expect(browserInspect(new Float32Array(30), { items: 3 })).toBe(
      'Float32Array(30) [ 0, 0, 0, ... 27 more items ]',
    );
  });
});
