import { afterEach, expect, test } from 'vitest';
import { host, setHost } from '../base/host.ts';
import { tensor } from '../base/tensor.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { compile, sessions } from './compile.ts';

const node = (op: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
  ...{ op, domain: '', name: '', inputs, outputs: [output], attributes },
});

/** y = relu(x · w), z = y + 1 */
function small(bias = 1): Graph {
  return {
    ...{ name: 'small', opsets: { '': 17 }, values: new Map(), metadata: {} },
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 2] }],
    outputs: [
      { name: 'y', dtype: 'float32', dims: ['batch', 3] },
      { name: 'z', dtype: 'float32', dims: ['batch', 3] },
    ],
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('Relu', ['h'], 'y'), node('Add', ['y', 'one'], 'z')],
    constants: new Map([
      ['w', tensor([1, -1, 0, 2, 0, 1], [2, 3])],
      ['one', tensor(bias)],
    ]),
  };
}
const x = tensor([1, 2], [1, 2]);
const defaults = { ...sessions.limits };

afterEach(async () => {
  Object.assign(sessions.limits, defaults);
  await sessions.clear();
});

test('a program computes the outputs that are asked for', async () => {
  const program = await compile(small());
  const all = await program.run({ x });
  expect(all.y.toArray()).toEqual([[5, 0, 2]]);
  expect(all.z.toArray()).toEqual([[6, 1, 3]]);
  expect(Object.keys(await program.run({ x }, { fetch: ['z'] }))).toEqual(['z']);
});

test('results are written into the tensors that are given', async () => {
  const program = await compile(small());
  const target = tensor(new Float32Array(3), [1, 3]);
  const results = await program.run({ x }, { fetch: { z: target, y: null } });
  expect(results.z).toBe(target);
  expect([...(target.data as Float32Array)]).toEqual([6, 1, 3]);
  expect(results.y.toArray()).toEqual([[5, 0, 2]]);
});

test('two buffers swap as in training: each step reads the last one and writes the other', async () => {
  const program = await compile({
    ...small(),
    nodes: [node('Mul', ['x', 'two'], 'y')],
    outputs: [small().outputs[0]],
    constants: new Map([['two', tensor(2)]]),
  });
  let [from, to] = [tensor([1, 3], [1, 2]), tensor([0, 0], [1, 2])];
  for (let step = 0; step < 5; step++) {
    await program.run({ x: from }, { fetch: { y: to } });
    [from, to] = [to, from];
  }
  expect(from.toArray()).toEqual([[32, 96]]);
  expect(to.toArray()).toEqual([[16, 48]]);
});

test('the same graph is compiled once, and so is an equal one', async () => {
  const graph = small();
  expect(await compile(graph)).toBe(await compile(graph));
  await compile(small());
  expect(sessions.size).toBe(1);
  await compile(small(2));
  await compile(graph, { optimize: 'disabled' });
  expect(sessions.size).toBe(3);
});

test('constants count by value, large ones by identity: new weights are a new program', async () => {
  const wide = (data: Float32Array): Graph => ({
    ...small(),
    constants: new Map([
      ['w', tensor(data, [2, data.length / 2])],
      ['one', tensor(1)],
    ]),
    outputs: [{ name: 'z', dtype: 'float32' }],
  });
  // up to 2¹⁶ elements an equal array is the same program, beyond that only the same array
  for (const [size, copies] of [
    [600, 1],
    [100_000, 2],
  ]) {
    await sessions.clear();
    const weights = new Float32Array(size).fill(1);
    await compile(wide(weights));
    await compile(wide(weights));
    expect(sessions.size).toBe(1);
    await compile(wide(weights.slice()));
    expect(sessions.size).toBe(copies);
    const { z } = await (await compile(wide(weights.map(value => 2 * value)))).run({ x });
    expect(sessions.size).toBe(copies + 1);
    expect(z.toNumbers()[0]).toBe(7);
  }
});

test('attributes of different kinds are different programs', async () => {
  const scaled = (value: number | readonly number[]): Graph => ({
    ...small(),
    nodes: [node('Elu', ['x'], 'y', { alpha: value as number })],
    constants: new Map(),
    outputs: [{ name: 'y', dtype: 'float32' }],
  });
  await compile(scaled(1));
  await compile(scaled(0.5));
  expect(sessions.size).toBe(2);
});

test('the least recently used session goes first, and its program still runs', async () => {
  sessions.limits.sessions = 2;
  const programs = [];
  for (const bias of [1, 2, 3, 4]) programs.push(await compile(small(bias)));
  expect(sessions.size).toBe(2);
  expect((await programs[0].run({ x })).z.toArray()).toEqual([[6, 1, 3]]);
  expect(sessions.size).toBe(2);
});

test('what is evicted is released at once, not left to the garbage collector', async () => {
  sessions.limits.sessions = 2;
  let native = 0;
  setHost({ ...host(), enterNative: () => native++ });
  for (const bias of [1, 2, 3, 4, 5]) await compile(small(bias));
  await sessions.clear();
  setHost(undefined);
  // five created, five released
  expect(native).toBe(10);
});

test('the bound on bytes evicts too, but never the one in use', async () => {
  sessions.limits.bytes = 1;
  const first = await compile(small(1));
  const runs = [first.run({ x }), compile(small(2)), first.run({ x })];
  expect(await Promise.all(runs)).toHaveLength(3);
  expect(sessions.size).toBe(1);
});

test('a released program compiles again when it runs', async () => {
  const program = await compile(small());
  await program.release();
  expect(sessions.size).toBe(0);
  expect((await program.run({ x })).y.toArray()).toEqual([[5, 0, 2]]);
});

test('release waits for a run under way', async () => {
  const program = await compile(small());
  const run = program.run({ x });
  await program.release();
  expect((await run).y.toArray()).toEqual([[5, 0, 2]]);
});

test('wrong feeds are refused before anything runs', async () => {
  const program = await compile({
    ...small(),
    inputs: [...small().inputs, { name: 'mask', dtype: 'bool', dims: ['batch'] }],
  });
  const mask = tensor([true]);
  const failure = (feeds: Parameters<typeof program.run>[0], fetch?: string[]) =>
    program.run(feeds, { fetch }).then(() => 'ran', String);
  expect(await failure({ x, maks: mask })).toMatchInlineSnapshot(
    `"NameError: unknown input: maks; nearest: mask, x; expected x, mask"`,
  );
  expect(await failure({ x })).toMatchInlineSnapshot(
    `"NeuronbookError: missing input: mask; expected x, mask; feed it"`,
  );
  expect(await failure({ x: x.cast('float64'), mask })).toMatchInlineSnapshot(
    `"ShapeError: input x is float64; expected float32; convert it with .cast('float32')"`,
  );
  expect(await failure({ x: tensor([1, 2, 3], [1, 3]), mask })).toMatchInlineSnapshot(
    `"ShapeError: input x is 1×3; expected batch×2; reshape or crop it"`,
  );
  expect(await failure({ x, mask: tensor([true, false]) })).toMatchInlineSnapshot(
    `"ShapeError: batch is 2 in input mask; expected 1 as in input x"`,
  );
  expect(await failure({ x, mask }, ['logits'])).toMatchInlineSnapshot(
    `"NameError: unknown output: logits; nearest: y, z"`,
  );
  expect(await failure({ x, mask }, [])).toMatchInlineSnapshot(
    `"NeuronbookError: nothing to compute; fetch some of y, z"`,
  );
  const short = { y: tensor(new Float64Array(3), [1, 3]) };
  expect(await program.run({ x, mask }, { fetch: short }).then(() => 'ran', String)).toMatchInlineSnapshot(
    `"ShapeError: output y goes into float64; expected float32"`,
  );
});

test('a graph that ONNX Runtime refuses names operator and node, and leaves nothing behind', async () => {
  const wrong = (nodes: Node[]) =>
    compile({ ...small(), nodes, outputs: [{ name: 'z', dtype: 'float32' }] }).then(() => 'compiled', String);
  expect(await wrong([node('Frobnicate', ['x'], 'z')])).toMatchInlineSnapshot(
    `"OpError: Frobnicate z: unknown op: not in opset 17; export the model without custom operators, or in another opset"`,
  );
  expect(await wrong([{ ...node('MatMul', ['w', 'w'], 'z'), name: 'square' }])).toMatchInlineSnapshot(
    `"OpError: MatMul square: incompatible dimensions for matrix multiplication; check the dims of its inputs"`,
  );
  expect(await wrong([{ ...node('Cast', ['x'], 'z'), name: 'convert' }])).toMatchInlineSnapshot(
    `"OpError: Cast convert: required attribute 'to' is missing; check its attributes and inputs"`,
  );
  expect(await wrong([node('Relu', ['x'], 'q'), node('Add', ['q', 'missing'], 'z')])).toMatchInlineSnapshot(
    `"FormatError: the model: Add z reads missing, which nothing defines; nearest: one, x, w"`,
  );
  expect(sessions.size).toBe(0);
});

test('an operator that fails while it runs is named', async () => {
  const graph: Graph = {
    ...small(),
    nodes: [{ ...node('Reshape', ['x', 'shape'], 'z'), name: 'fold' }],
    constants: new Map([['shape', tensor([3n, 3n])]]),
    outputs: [{ name: 'z', dtype: 'float32' }],
  };
  const program = await compile(graph);
  const error = await program.run({ x }).catch(error => error);
  expect(String(error)).toMatchInlineSnapshot(
    `"OpError: Reshape fold: the input tensor cannot be reshaped to the requested shape. Input shape:{1,2}, requested shape:{3,3}; check the dims of its inputs"`,
  );
  expect(error).toMatchObject({ op: 'Reshape', site: 'fold' });
});

test('rows that are added where others are: none is lost, whatever threads are asked for', async () => {
  const [rows, places, width] = [20_000, 64, 16];
  const shape = (name: string, dtype: 'float32' | 'int64', ...dims: number[]) => ({ name, dtype, dims });
  const program = await compile(
    {
      ...{ name: 'sums', opsets: { '': 18 }, values: new Map(), metadata: {}, constants: new Map() },
      inputs: [
        shape('x', 'float32', places, width),
        shape('i', 'int64', rows, 1),
        shape('u', 'float32', rows, width),
      ],
      outputs: [shape('y', 'float32', places, width)],
      nodes: [node('ScatterND', ['x', 'i', 'u'], 'y', { reduction: 'add' })],
    },
    { threads: 2 },
  );
  const at = BigInt64Array.from({ length: rows }, (_, row) => BigInt((row * row) % places));
  const expected = new Float32Array(places);
  at.forEach(place => expected[Number(place)]++);
  const feeds = {
    x: tensor(new Float32Array(places * width), [places, width]),
    i: tensor(at, [rows, 1]),
    u: tensor(new Float32Array(rows * width).fill(1), [rows, width]),
  };
  for (let run = 0; run < 10; run++) {
    const sums = (await program.run(feeds)).y.toNumbers();
    expect(sums.filter((_, place) => place % width === 0)).toEqual(Array.from(expected));
  }
});

test('weights of eight bits are multiplied as the numbers that they stand for', async () => {
  const scales = tensor(Float32Array.from({ length: 5 }, (_, i) => 0.01 * (i + 1)));
  const weights = Int8Array.from({ length: 20 }, (_, i) => ((i * 53) % 200) - 100);
  const program = await compile({
    ...small(),
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }],
    nodes: [
      node('DequantizeLinear', ['q', 'scales', 'zeros'], 'w', { axis: 1n }),
      node('MatMul', ['x', 'w'], 'y'),
    ],
    constants: new Map([
      ['q', tensor(weights, [4, 5])],
      ['scales', scales],
      ['zeros', tensor(new Int8Array(5))],
    ]),
    outputs: [{ name: 'y', dtype: 'float32' }],
  });
  const given = [0.31, -1.27, 0.533, 2.419];
  const { y } = await program.run({ x: tensor(given, [1, 4]) });
  const expected = Array.from({ length: 5 }, (_, i) =>
    given.reduce((sum, value, row) => sum + value * weights[row * 5 + i] * scales.toNumbers()[i], 0),
  );
  y.toNumbers().forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
});
