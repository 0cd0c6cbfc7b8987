/** Binary values out of a state, and back. */
import { expect, test } from 'vitest';
import { putBuffers, separateBuffers } from './widget-buffers.ts';

test('out of objects and lists at any depth, and back', () => {
  const given = {
    a: 1,
    view: new Float32Array([1.5]),
    deep: { list: [1, new Uint8Array([7, 8]), { raw: new Uint8Array([9]).buffer }], text: 'x' },
    date: null,
  };
  const { state, paths, buffers } = separateBuffers(given);
  expect(state).toEqual({ a: 1, deep: { list: [1, null, {}], text: 'x' }, date: null });
  expect(paths).toEqual([['view'], ['deep', 'list', 1], ['deep', 'list', 2, 'raw']]);
  expect(buffers.map(bytes => [...bytes])).toEqual([[0, 0, 192, 63], [7, 8], [9]]);
  expect(given.deep.list[1]).toEqual(new Uint8Array([7, 8]));

  putBuffers(state, paths, buffers);
  expect(state).toEqual({
    a: 1,
    view: new Uint8Array([0, 0, 192, 63]),
    deep: { list: [1, new Uint8Array([7, 8]), { raw: new Uint8Array([9]) }], text: 'x' },
    date: null,
  });
});

test('a part of a larger buffer travels alone', () => {
  const { buffers } = separateBuffers({ part: new Uint8Array([1, 2, 3, 4]).subarray(1, 3) });
  expect([...buffers[0]]).toEqual([2, 3]);
});

test('paths that lead nowhere are dropped', () => {
  const state = { a: 1 };
  putBuffers(state, [['a', 'b'], [], ['__proto__', 'x'], ['ok']], Array(3).fill(new Uint8Array(1)));
  expect(state).toEqual({ a: 1 });
  expect(({} as { x?: unknown }).x).toBeUndefined();
});
