/** What a debugger shows of a value, and what it does not do to find out. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { describe as text, typeOf } from './describe.ts';
import { createHandles } from './values.ts';

const handles = createHandles();
const inside = (value: unknown, path?: string) =>
  handles.children(handles.shown(value, path).variablesReference);
const names = (value: unknown) => inside(value).map(({ name }) => name);

test('tensors and typed arrays tell their range and mean', () => {
  expect(text(tensor([-1, 2, 5, 6], [2, 2]))).toBe('tensor float32 2×2 · min -1, mean 3, max 6');
  expect(text(tensor([0.5, 1.5]).cast('float16'))).toBe('tensor float16 2 · min 0.5, mean 1, max 1.5');
  expect(text(tensor([3n, 5n]))).toBe('tensor int64 2 · min 3, mean 4, max 5');
  expect(text(tensor(['a', 'b']))).toBe('tensor string 2');
  expect(text(new Float64Array([1, NaN, 3]))).toBe('Float64Array(3) · min 1, mean 2, max 3, 1 NaN');
  expect(text(new Float32Array(0))).toBe('Float32Array(0)');
  expect(text({ type: 'float32', dims: [2], cpuData: new Float32Array([1, 3]) })).toBe(
    'tensor float32 2 · min 1, mean 2, max 3',
  );
});

test('plain values in a line', () => {
  class Point {
    x = 1;
  }
  const rows: [unknown, string, string][] = [
    [1, '1', 'number'],
    ['a\nb', String.raw`'a\nb'`, 'string'],
    [null, 'null', 'null'],
    [undefined, 'undefined', 'undefined'],
    [10n, '10n', 'bigint'],
    [[1, 2], '[ 1, 2 ]', 'Array'],
    [{ a: { b: { c: 1 } } }, '{ a: { b: [Object] } }', 'Object'],
    [new Point(), 'Point { x: 1 }', 'Point'],
    [new Map([['k', 1]]), "Map(1) { 'k' => 1 }", 'Map'],
    [() => 1, 'ƒ (anonymous)', 'function'],
    [Point, 'class Point', 'function'],
    [Object.create(null), '[Object: null prototype] {}', 'Object'],
  ];
  for (const [value, line, type] of rows) expect([text(value), typeOf(value)]).toEqual([line, type]);
  expect(text('x'.repeat(1000))).toHaveLength(200);
  const crowd = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]));
  expect(text(crowd)).toBe('Object { k0, k1, k2, k3, k4, … 99995 more }');
  expect(inside(crowd).map(({ name }) => name)[1]).toBe('k10000 … k19999');
});

test('no getter and no trap runs until it is asked for', () => {
  let calls = 0;
  class Costly {
    #secret = 5;
    get answer() {
      calls++;
      return this.#secret;
    }
  }
  const value = {
    plain: 1,
    get own() {
      calls++;
      return [7];
    },
    inner: new Costly(),
    trapped: new Proxy(
      {},
      {
        get: () => calls++,
        ownKeys: () => {
          calls++;
          return [];
        },
        getPrototypeOf: () => {
          calls++;
          return null;
        },
      },
    ),
  };
  const [plain, own, inner, trapped] = inside(value, 'value');
  const [answer] = handles.children(inner.variablesReference);
  expect(plain).toEqual({
    name: 'plain',
    value: '1',
    type: 'number',
    evaluateName: 'value.plain',
    variablesReference: 0,
  });
  expect(own).toMatchObject({ name: 'own', value: '(…)', presentationHint: { lazy: true } });
  expect(answer).toMatchObject({ name: 'answer', value: '(…)' });
  expect(trapped).toMatchObject({ type: 'Proxy', variablesReference: 0 });
  expect(calls).toBe(0);
  expect(handles.children(own.variablesReference)).toMatchObject([{ name: 'value', value: '[ 7 ]' }]);
  expect(handles.children(answer.variablesReference)).toMatchObject([{ value: '5' }]);
  expect(calls).toBe(2);
});

test('a getter that throws shows what it threw', () => {
  const [bad] = inside({
    get bad() {
      throw new Error('not today');
    },
  });
  expect(handles.children(bad.variablesReference)[0].value).toContain('not today');
});

test('insides of each kind of value', () => {
  expect(names([5, 6])).toEqual(['0', '1']);
  expect(names(Object.assign([5], { extra: 1 }))).toEqual(['0', 'extra']);
  expect(
    names(
      new Map<unknown, number>([
        ['k', 1],
        [{ a: 1 }, 2],
      ]),
    ),
  ).toEqual(["'k'", '1']);
  expect(names(new Set(['x']))).toEqual(['0']);
  expect(names(new Float32Array(2))).toEqual(['0', '1']);
  expect(names({ 'a-b': 1, [Symbol('s')]: 2 })).toEqual(['a-b', 'Symbol(s)']);
  expect(handles.shown({}).variablesReference).toBe(0);
  expect(inside({ 'a-b': [1] }, 'x')[0].evaluateName).toBe('x["a-b"]');
  expect(inside([[1]], 'x')[0].evaluateName).toBe('x[0]');
});

test('a hundred thousand entries come in pages, or in ranges', () => {
  const list = Array.from({ length: 100_000 }, (_, i) => i);
  const { variablesReference: handle, indexedVariables, namedVariables } = handles.shown(list, 'list');
  expect({ indexedVariables, namedVariables }).toEqual({ indexedVariables: 100_000, namedVariables: 0 });
  const page = handles.children(handle, { filter: 'indexed', start: 99_998, count: 5 });
  expect(page.map(({ evaluateName, value }) => [evaluateName, value])).toEqual([
    ['list[99998]', '99998'],
    ['list[99999]', '99999'],
  ]);
  const ranges = handles.children(handle);
  expect(ranges.map(({ name }) => name).slice(0, 2)).toEqual(['0 … 9999', '10000 … 19999']);
  const inner = handles.children(ranges[9].variablesReference);
  expect(inner).toHaveLength(100);
  expect(handles.children(inner[99].variablesReference).at(-1)).toMatchObject({
    name: '99999',
    value: '99999',
  });
  expect(handles.children(handle, { filter: 'named' })).toEqual([]);
});

test('a reference from before the cell went on is refused in words', () => {
  const { variablesReference } = handles.shown([1]);
  handles.clear();
  expect(() => handles.children(variablesReference)).toThrow(/not known any more/);
});
