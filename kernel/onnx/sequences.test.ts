/** Lists of known entries become slices that compute the same; lists that data makes stay. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { file, valueInfo } from './testing-file.ts';

const int64 = (name: string, dims: number[], ...values: number[]) => ({
  name,
  dims,
  data_type: 7,
  int64_data: values,
});
const ints = (fields: Record<string, number>) =>
  Object.entries(fields).map(([name, i]) => ({ name, type: 2, i }));
const node = (op_type: string, input: string[], output: string, attributes: Record<string, number> = {}) => ({
  op_type,
  input,
  output: [output],
  attribute: ints(attributes),
});
const any = (name: string) => ({ name, type: { tensor_type: { elem_type: 1 } } });

/** A file of x, 2×6, with entry `at` of a list of it. */
const entry = (list: object, at: number, more: object[] = []) =>
  file({
    input: [valueInfo('x', 1, [{ dim_value: 2 }, { dim_value: 6 }])],
    output: [any('y')],
    initializer: [int64('i', [], at), int64('two', [], 4), int64('sizes', [3], 1, 3, 2)],
    node: [...more, list, node('SequenceAt', ['list', 'i'], 'y')],
  });
const columns = { axis: 1 };
const made = node('SequenceConstruct', ['x', 'n'], 'list');
const joined = (attributes: Record<string, number>) =>
  file({
    input: [valueInfo('x', 1, [{ dim_value: 2 }, { dim_value: 6 }])],
    output: [any('y')],
    initializer: [],
    node: [node('Neg', ['x'], 'n'), made, node('ConcatFromSequence', ['list'], 'y', attributes)],
  });

async function run(bytes: Uint8Array) {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const x = new OrtTensor(
    'float32',
    Float32Array.from({ length: 12 }, (_, i) => i),
    [2, 6],
  );
  const { y } = await session.run({ x });
  await session.release();
  return { dims: y.dims, data: [...(y.data as Float32Array)] };
}

test.each<[string, Uint8Array, string[]]>([
  ['pieces of a size', entry(node('SplitToSequence', ['x', 'two'], 'list', columns), 0), ['Slice']],
  ['the last piece is shorter', entry(node('SplitToSequence', ['x', 'two'], 'list', columns), 1), ['Slice']],
  ['parts', entry(node('SplitToSequence', ['x', 'sizes'], 'list', columns), 1), ['Slice']],
  ['parts from the end', entry(node('SplitToSequence', ['x', 'sizes'], 'list', { axis: -1 }), -1), ['Slice']],
  ['one by one', entry(node('SplitToSequence', ['x'], 'list', columns), 4), ['Slice']],
  ['one by one from the end', entry(node('SplitToSequence', ['x'], 'list', columns), -1), ['Slice']],
  ['unbound', entry(node('SplitToSequence', ['x'], 'list', { axis: 1, keepdims: 0 }), 3), ['Gather']],
  ['put together', entry(made, -1, [node('Neg', ['x'], 'n')]), ['Neg', 'Identity']],
  ['joined', joined({ axis: 1 }), ['Neg', 'Concat']],
  ['stacked', joined({ axis: -1, new_axis: 1 }), ['Neg', 'Unsqueeze', 'Unsqueeze', 'Concat']],
])('%s', async (_name, bytes, ops) => {
  const graph = decode(bytes);
  expect(graph.nodes.map(({ op }) => op)).toEqual(ops);
  expect(await run(encode(graph))).toEqual(await run(bytes));
});

test('a list whose sizes data tells stays', () => {
  const sizes = [node('Shape', ['x'], 'given'), node('SplitToSequence', ['x', 'given'], 'list', columns)];
  expect(decode(entry(sizes[1], 0, [sizes[0]])).nodes.map(({ op }) => op)).toEqual([
    'Shape',
    'SplitToSequence',
    'SequenceAt',
  ]);
});
