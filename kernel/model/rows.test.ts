/** Tokens that a network does not know are refused, with where they stand. */
import { expect, test } from 'vitest';
import { NeuronbookError, ShapeError } from '../base/errors.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import * as nn from '../nn/index.ts';
import type { Graph } from '../onnx/graph.ts';
import { ablate, patch } from './edits.ts';
import { Model } from './model.ts';
import { pick } from './objective.ts';
import { rowsOf } from './rows.ts';

const gpt = () => new Model('gpt', nn.gpt2({ vocabulary: 11, context: 8, width: 8, layers: 1, heads: 2 }));
const ids = (...values: number[]) => tensor(BigInt64Array.from(values, BigInt), [1, values.length]);

test.each([
  [ids(3, -1, 4), 'input tokens holds -1 at [0, 1]; expected 0 to 10, the rows of embed.weight'],
  [ids(3, 4, 11), 'input tokens holds 11 at [0, 2]; expected 0 to 10, the rows of embed.weight'],
])('a token that there is not', async (tokens, message) => {
  const model = gpt();
  await expect(model.run({ tokens })).rejects.toThrow(new NeuronbookError(message));
  await expect(model.gradient({ tokens }, { of: pick('logits', [0, 0, 0]), at: ['embed'] })).rejects.toThrow(
    new NeuronbookError(message),
  );
  expect((await model.run({ tokens: ids(0, 10) })).outputs.logits.dims).toEqual([1, 2, 11]);
});

/** Row `at` of a table, through nodes that pass numbers on. */
const picking = (table: Tensor, axis: bigint): Graph => ({
  name: 'picking',
  opsets: { '': 17 },
  inputs: [{ name: 'at', dtype: 'int32', dims: [2] }],
  outputs: [{ name: 'y', dtype: 'float32' }],
  nodes: [
    { op: 'Cast', domain: '', name: 'c', inputs: ['at'], outputs: ['wide'], attributes: { to: 7n } },
    { op: 'Gather', domain: '', name: 'g', inputs: ['table', 'wide'], outputs: ['y'], attributes: { axis } },
  ],
  constants: new Map([['table', table]]),
  values: new Map(),
  metadata: {},
});

test('what is a table and what is not', async () => {
  const table = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
  expect(rowsOf(picking(table, 0n)).get('at')).toEqual({ count: 3, table: 'table' });
  // along another axis, or of a list, a negative number may well be meant from the end
  expect(rowsOf(picking(table, 1n)).size).toBe(0);
  expect(rowsOf(picking(table.reshape([6]), 0n)).size).toBe(0);
  const last = new Model('last', picking(table, 1n));
  expect((await last.run({ at: tensor(Int32Array.of(-1, 0), [2]) })).outputs.y.toNumbers()).toEqual([
    2, 1, 4, 3, 6, 5,
  ]);
});

test('what is no number, no list of channels and no patch', async () => {
  const model = gpt();
  await expect(model.run({ tokens: tensor(['once'], [1, 1]) })).rejects.toThrow(
    new NeuronbookError('input tokens holds text; expected int64; model.tokenizer makes numbers of a text'),
  );
  expect(() => ablate('embed', { channels: 5 as never })).toThrow(
    new NeuronbookError('channels of ablate at embed: 5; expected a list of numbers: { channels: [5] }'),
  );
  expect(() => model.sized({ batch: 1, position: 3 }).edit(patch('embed', tensor([1, 2, 3])))).toThrow(
    new ShapeError('patch of 3 at embed; expected 1×3×8, or what broadcasts to it'),
  );
});
