import { describe, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import type { Graph } from './graph.ts';
import { print } from './print.ts';
import { ModelType, kinds } from './schema.ts';
import { convnet } from './testing.ts';
import { file, holding, refusal, text, valueInfo } from './testing-file.ts';

describe('files that are not networks', () => {
  test.each([
    ['empty', new Uint8Array()],
    ['zeros', new Uint8Array(4096)],
    ['one zero', new Uint8Array(1)],
    ['a web page', text('\n<!DOCTYPE html><html><body>404</body></html>')],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n')],
    ['text', text('hello, this is a note about the model')],
    ['a zip archive', new Uint8Array([0x50, 0x4b, 3, 4, 9, 9])],
    ['a Python pickle', new Uint8Array([0x80, 2, 0x8a, 10])],
    ['gzip', new Uint8Array([0x1f, 0x8b, 8, 0])],
    ['HDF5', new Uint8Array([0x89, 0x48, 0x44, 0x46, 13, 10])],
    ['noise', Uint8Array.from({ length: 300 }, (_, i) => (i * 197 + 91) % 256)],
    ['no graph', ModelType.encode({ ir_version: 8 }).finish()],
    [
      'nothing after the graph',
      ModelType.encode({
        ir_version: 8,
        graph: { name: 'g', node: [{ op_type: 'Relu', output: ['y'] }] },
      }).finish(),
    ],
  ])('%s', (name, bytes) => {
    expect(`${name}: ${refusal(bytes)}`).toMatchSnapshot();
  });

  test('a file cut short anywhere is refused, and says so', () => {
    // without metadata, which comes last and which nothing would miss
    const bytes = encode({ ...convnet(), metadata: {} });
    const reasons = new Set<string>();
    for (let length = 1; length < bytes.length; length++) {
      const reason = refusal(bytes.slice(0, length));
      expect(reason).not.toBe('was read');
      reasons.add(reason.replace(/\d+/g, 'N'));
    }
    expect([...reasons].sort()).toMatchInlineSnapshot(`
      [
        "net.onnx: holds no graph (N bytes); the file is cut short or is not a network",
        "net.onnx: states no opset; expected N to N; the file is cut short or older than ONNX N.N",
        "net.onnx: the file ends in the middle of a field, after N bytes; it was cut short; download or copy it again",
      ]
    `);
  });
});

describe('graphs that cannot be', () => {
  const nodes = (...rows: [op: string, input: string[], output: string[]][]) =>
    rows.map(([op_type, input, output]) => ({ op_type, name: `n${output[0]}`, input, output }));
  test.each([
    [
      'a cycle',
      file({
        node: nodes(
          ['Add', ['x', 'c'], ['a']],
          ['Relu', ['a'], ['b']],
          ['Neg', ['b'], ['c']],
          ['Add', ['c', 'w'], ['y']],
        ),
      }),
    ],
    ['a node that reads itself', file({ node: nodes(['Add', ['x', 'y'], ['y']]) })],
    ['an input that nothing defines', file({ node: nodes(['Add', ['x', 'weight'], ['y']]) })],
    ['an output that nothing defines', file({ output: [valueInfo('z')] })],
    ['a value defined twice', file({ node: nodes(['Add', ['x', 'w'], ['y']], ['Relu', ['x'], ['y']]) })],
    ['an output listed twice', file({ output: [valueInfo('y'), valueInfo('y')] })],
    ['an old opset', file({}, { opset_import: [{ version: 6 }] })],
    ['a future opset', file({}, { opset_import: [{ version: 99 }] })],
    ['an input that is a sequence', file({ input: [{ name: 'x', type: { sequence_type: {} } }] })],
    ['an output without a type', file({ output: [{ name: 'y' }] })],
    ['float8', file({ input: [valueInfo('x', 17)] })],
    [
      'an attribute of a type',
      file({
        node: [
          {
            op_type: 'Optional',
            input: ['x'],
            output: ['y'],
            attribute: [{ name: 'type', type: kinds.TYPE_PROTO }],
          },
        ],
      }),
    ],
    ['too few bytes', holding({ dims: [2, 2], data_type: 1, raw_data: new Uint8Array(12) })],
    ['too many bytes', holding({ dims: [2], data_type: 1, raw_data: new Uint8Array(12) })],
    ['too few values', holding({ dims: [3], data_type: 1, float_data: [1, 2] })],
    ['no values', holding({ dims: [3], data_type: 7 })],
    ['a negative size', holding({ dims: [-1], data_type: 1, float_data: [1] })],
    ['too few strings', holding({ dims: [2], data_type: 8, string_data: [text('a')] })],
    [
      'text that is not UTF-8',
      holding({ dims: [1], data_type: 8, string_data: [new Uint8Array([0xff, 0xfe])] }),
    ],
    ['four bits', holding({ dims: [2], data_type: 22, int32_data: [1] })],
    [
      'data elsewhere, without a reader',
      holding({
        dims: [2],
        data_type: 1,
        data_location: 1,
        external_data: [{ key: 'location', value: 'w.bin' }],
      }),
    ],
    ['data elsewhere, nowhere', holding({ dims: [2], data_type: 1, data_location: 1 })],
    [
      'data elsewhere, of a wrong length',
      holding({
        dims: [2],
        data_type: 1,
        data_location: 1,
        external_data: [
          { key: 'location', value: 'w.bin' },
          { key: 'length', value: '7' },
        ],
      }),
    ],
    [
      'data elsewhere, at a negative offset',
      holding({
        dims: [2],
        data_type: 1,
        data_location: 1,
        external_data: [
          { key: 'location', value: 'w.bin' },
          { key: 'offset', value: '-8' },
        ],
      }),
    ],
  ])('%s', (name, bytes) => {
    expect(`${name}: ${refusal(bytes)}`).toMatchSnapshot();
  });
});

test('attributes of every kind, through a file and back', () => {
  const inner: Graph = {
    ...convnet(),
    opsets: { '': 17 },
    inputs: [],
    constants: new Map(),
    values: new Map(),
    metadata: {},
    outputs: [{ name: 'b', dtype: 'float32' }],
    nodes: [{ op: 'Neg', domain: '', name: '', inputs: ['image'], outputs: ['b'], attributes: {} }],
  };
  const attributes = {
    f: 0.5,
    i: -(2n ** 40n),
    s: 'same',
    t: tensor([1n, 2n]),
    floats: [1, 2.5],
    ints: [3n, -4n],
    strings: ['a', 'b'],
    axes: [],
    scales: [],
    g: inner,
  };
  const graph: Graph = {
    ...convnet(),
    nodes: convnet().nodes.map((node, i) => (i ? node : { ...node, attributes })),
  };
  expect(decode(encode(graph))).toEqual(graph);
});

test('attributes without a kind, as the oldest files have them', () => {
  const attribute = [
    { name: 'a', f: 2 },
    { name: 'b', i: 3 },
    { name: 'c', s: text('x') },
    { name: 'd', ints: [4] },
    { name: 'e', floats: [5] },
    { name: 'f', strings: [text('y')] },
  ];
  const graph = decode(file({ node: [{ op_type: 'Relu', input: ['x'], output: ['y'], attribute }] }));
  expect(graph.nodes[0].attributes).toEqual({ a: 2, b: 3n, c: 'x', d: [4n], e: [5], f: ['y'] });
});

test('what a file may do and a graph may not is settled', () => {
  const bytes = file(
    {
      // out of order, with a Constant node, under the long name of the default domain; w is listed as an input too
      node: [
        { op_type: 'Mul', domain: 'ai.onnx', input: ['s', 'two'], output: ['y'] },
        {
          op_type: 'Constant',
          output: ['two'],
          attribute: [{ name: 'value_float', type: kinds.FLOAT, f: 2 }],
        },
        { op_type: 'Add', input: ['x', 'w', ''], output: ['s'] },
      ],
      input: [valueInfo('x', 1, [{ dim_param: 'n' }, {}, { dim_value: -1 }]), valueInfo('w')],
      value_info: [valueInfo('s'), { name: 'sequence', type: { sequence_type: {} } }],
    },
    { metadata_props: [{ key: 'license', value: 'MIT' }] },
  );
  const graph = decode(bytes);
  expect(print(graph)).toMatchInlineSnapshot(`
    "g (opset 17)
      input x: float32 n×?×?
      s = Add(x, w=[1,2], _) → float32 2
      y = Mul(s, two=2) → float32 2
      return y"
  `);
  expect(graph.metadata).toEqual({ license: 'MIT' });
});

test('bfloat16 is read as float32, which holds all its numbers: inputs, inner values, casts', () => {
  const graph = decode(
    file({
      input: [valueInfo('x', 16)],
      value_info: [valueInfo('c', 16)],
      node: [
        {
          op_type: 'Cast',
          input: ['x'],
          output: ['c'],
          attribute: [{ name: 'to', type: kinds.INT, i: 16 }],
        },
        { op_type: 'Add', input: ['c', 'w'], output: ['y'] },
      ],
    }),
  );
  expect(graph.inputs[0].dtype).toBe('float32');
  expect(graph.values.get('c')?.dtype).toBe('float32');
  expect(graph.nodes[0].attributes.to).toBe(1n);
});

test('an Identity of a constant of one number is a constant of its own; of any other it stays a node', () => {
  const copies = (values: number[]) =>
    decode(
      file({
        initializer: [{ name: 'w', dims: [2], data_type: 1, float_data: values }],
        node: [
          { op_type: 'Identity', input: ['w'], output: ['other.w'] },
          { op_type: 'Add', input: ['w', 'other.w'], output: ['y'] },
        ],
      }),
    );
  expect(copies([1, 1]).constants.get('other.w')).toEqual(tensor([1, 1]));
  expect(copies([1, 1]).nodes.map(({ op }) => op)).toEqual(['Add']);
  expect(copies([1, 2]).nodes.map(({ op }) => op)).toEqual(['Identity', 'Add']);
});
