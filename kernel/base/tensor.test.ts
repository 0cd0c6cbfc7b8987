/** Tensors from what people have, and refusals of what is none. */
import { expect, test } from 'vitest';
import { tensor, type TensorLike } from './tensor.ts';

test('arrays of arrays have their own dims', () => {
  const made = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect([made.dtype, made.dims, made.toNumbers()]).toEqual(['float32', [2, 3], [1, 2, 3, 4, 5, 6]]);
  expect(tensor([[[1n], [2n]]]).dims).toEqual([1, 2, 1]);
  expect(tensor([[true], [false]]).toArray()).toEqual([[1], [0]]);
  expect(tensor([[1, 2]], [2, 1]).dims).toEqual([2, 1]);
  expect(tensor([[], []]).dims).toEqual([2, 0]);
  expect(() => tensor([[1, 2], [3]])).toThrow(
    'nested arrays of unequal length: 1 beside 2; expected as many in each',
  );
  expect(() => tensor([[1], 2] as unknown as TensorLike)).toThrow('nested arrays of unequal length');
});

test.each([
  ['null', null, 'no tensor: null; expected numbers in an array or a typed array, or a tensor'],
  ['nothing', undefined, 'no tensor: undefined undefined'],
  ['a text', 'cat.png', 'no tensor: string cat.png'],
  ['an object', { dims: [1] }, 'no tensor: an object'],
])('%s is no tensor', (_, value, message) => {
  expect(() => tensor(value as unknown as TensorLike)).toThrow(message);
});

test('dims are whole numbers', () => {
  const x = tensor([1, 2, 3, 4, 5, 6]);
  expect(() => x.reshape([4, -1])).toThrow('dims 4×1.5 for 6 values; expected whole numbers from 0');
  expect(() => tensor([1, 2], [-1, -2])).toThrow('dims -1×-2 for 2 values; expected whole numbers from 0');
  expect(x.reshape([-1, 2]).dims).toEqual([3, 2]);
  expect(tensor([], [0, 3]).reshape([0, -1]).dims).toEqual([0, 0]);
});
