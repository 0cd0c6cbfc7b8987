import { describe, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { decode, externalLocations } from './decode.ts';
import { encode } from './encode.ts';
import { elementTypes, kinds, toLong } from './schema.ts';
import { convnet } from './testing.ts';
import { file, holding, refusal, text } from './testing-file.ts';

describe('storage', () => {
  const stored: [string, object, unknown][] = [
    ['float_data', { dims: [2], data_type: 1, float_data: [0.5, -2] }, tensor([0.5, -2])],
    [
      'double_data',
      { dims: [2], data_type: 11, double_data: [0.1, 1e300] },
      tensor(new Float64Array([0.1, 1e300])),
    ],
    [
      'int64_data',
      { dims: [2], data_type: 7, int64_data: [toLong(-5n), toLong(2n ** 62n)] },
      tensor([-5n, 2n ** 62n]),
    ],
    [
      'uint64_data',
      { dims: [1], data_type: 13, uint64_data: [{ low: -1, high: -1, unsigned: true }] },
      tensor(new BigUint64Array([2n ** 64n - 1n])),
    ],
    [
      'uint32 in uint64_data',
      { dims: [1], data_type: 12, uint64_data: [{ low: -2, high: 0, unsigned: true }] },
      tensor(new Uint32Array([2 ** 32 - 2])),
    ],
    [
      'int8 in int32_data',
      { dims: [2], data_type: 3, int32_data: [-128, 127] },
      tensor(new Int8Array([-128, 127])),
    ],
    [
      'uint8 in int32_data',
      { dims: [2], data_type: 2, int32_data: [0, 255] },
      tensor(new Uint8Array([0, 255])),
    ],
    ['int16 in int32_data', { dims: [1], data_type: 5, int32_data: [-300] }, tensor(new Int16Array([-300]))],
    [
      'uint16 in int32_data',
      { dims: [1], data_type: 4, int32_data: [65535] },
      tensor(new Uint16Array([65535])),
    ],
    ['bool in int32_data', { dims: [2], data_type: 9, int32_data: [1, 0] }, tensor([true, false])],
    [
      'halves in int32_data',
      { dims: [2], data_type: 10, int32_data: [0x3c00, 0xc000] },
      tensor(new Uint16Array([0x3c00, 0xc000]), [2], 'float16'),
    ],
    ['string_data', { dims: [2], data_type: 8, string_data: [text('über'), text('')] }, tensor(['über', ''])],
    [
      'raw_data, at an odd address',
      { dims: [2], data_type: 6, raw_data: new Uint8Array([1, 0, 0, 0, 255, 255, 255, 255]) },
      tensor(new Int32Array([1, -1])),
    ],
    // bfloat16 is the upper half of a float32
    [
      'bfloat16',
      { dims: [2], data_type: 16, raw_data: new Uint8Array([0x80, 0x3f, 0x40, 0xc0]) },
      tensor([1, -3]),
    ],
    ['bfloat16 in its list', { dims: [2], data_type: 16, int32_data: [0x3f80, 0xc040] }, tensor([1, -3])],
    ['a scalar', { data_type: 1, float_data: [7] }, tensor(7)],
    ['nothing', { dims: [0, 3], data_type: 1 }, tensor([], [0, 3])],
  ];
  test.each(stored)('%s', (_, proto, expected) => {
    const graph = decode(holding(proto));
    expect(graph.constants.get('c')).toEqual(expected);
    // and once more through our own form
    expect(decode(encode(graph)).constants.get('c')).toEqual(expected);
  });

  test('data beside the file', () => {
    const bytes = holding({
      dims: [2],
      data_type: 1,
      data_location: 1,
      external_data: [
        { key: 'location', value: 'w.bin' },
        { key: 'offset', value: '8' },
      ],
    });
    const calls: unknown[] = [];
    const external = (...call: [string, number, number]) => (
      calls.push(call),
      new Uint8Array(new Float32Array([3, 4]).buffer)
    );
    expect(decode(bytes, { external }).constants.get('c')).toEqual(tensor([3, 4]));
    expect(calls).toEqual([['w.bin', 8, 8]]);
    expect(externalLocations(bytes)).toEqual(['w.bin']);
  });

  test('sparse tensors become dense', () => {
    const values = { name: 's', dims: [2], data_type: 1, float_data: [5, 6] };
    const flat = { values, indices: { dims: [2], data_type: 7, int64_data: [1, 5] }, dims: [2, 3] };
    expect(
      decode(file({ sparse_initializer: [flat] }))
        .constants.get('s')
        ?.toArray(),
    ).toEqual([
      [0, 5, 0],
      [0, 0, 6],
    ]);
    const pairs = { ...flat, indices: { dims: [2, 2], data_type: 7, int64_data: [0, 0, 1, 1] } };
    expect(
      decode(file({ sparse_initializer: [pairs] }))
        .constants.get('s')
        ?.toArray(),
    ).toEqual([
      [5, 0, 0],
      [0, 6, 0],
    ]);
    expect(refusal(file({ sparse_initializer: [{ ...flat, dims: [2, 2] }] }))).toBe(
      'net.onnx: sparse tensor s: index 5 lies outside 2×2',
    );
  });

  test('the decoded weights do not change with the bytes', () => {
    const bytes = encode(convnet());
    const graph = decode(bytes);
    bytes.fill(7);
    expect(graph.constants).toEqual(convnet().constants);
  });
});

test.each([
  ['value_int', { i: 3, type: kinds.INT }, tensor([3n], [])],
  ['value_ints', { ints: [3, 4], type: kinds.INTS }, tensor([3n, 4n])],
  ['value_floats', { floats: [3, 4], type: kinds.FLOATS }, tensor([3, 4])],
  ['value_string', { s: text('a'), type: kinds.STRING }, tensor(['a'], [])],
  ['value', { t: { dims: [1], data_type: 1, float_data: [9] }, type: kinds.TENSOR }, tensor([9])],
])('Constant with %s', (name, attribute, expected) => {
  const node = [
    { op_type: 'Constant', output: ['k'], attribute: [{ name, ...attribute }] },
    { op_type: 'Relu', input: ['x'], output: ['y'] },
  ];
  expect(decode(file({ node })).constants.get('k')).toEqual(expected);
});

test('every number of the element type table is the schema’s', () => {
  // TensorProto.DataType in onnx.proto
  expect(elementTypes.map((name, i) => `${i} ${name}`).slice(0, 17)).toMatchInlineSnapshot(`
    [
      "0 undefined",
      "1 float32",
      "2 uint8",
      "3 int8",
      "4 uint16",
      "5 int16",
      "6 int32",
      "7 int64",
      "8 string",
      "9 bool",
      "10 float16",
      "11 float64",
      "12 uint32",
      "13 uint64",
      "14 complex64",
      "15 complex128",
      "16 bfloat16",
    ]
  `);
});
