/** Single layers against PyTorch, at other sizes than they were traced at, and their gradients against differences. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openSafetensors } from '../base/safetensors/index.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Var } from '../engine/var.ts';
import type { Dim, Graph } from '../onnx/graph.ts';
import { attend, attention } from './attention.ts';
import { learnedPositions, sinusoidalPositions } from './embedding.ts';
import { linear, residual, sequential } from './layers.ts';
import { moe } from './mlp.ts';
import { network, type Network } from './network.ts';
import { batchNorm, groupNorm, layerNorm, rmsNorm } from './norms.ts';
import { lstm } from './recurrent.ts';
import type { Layer } from './scope.ts';
import { conv1d, convTranspose, convTranspose1d } from './spatial.ts';
import { difference, read, slopes } from './testing.ts';

interface Case {
  layer: Layer | { build: Network };
  /** Input → its axes; a number is fixed. */
  inputs: Readonly<Record<string, readonly Dim[]>>;
}

const sequence = ['batch', 'position'];
const cases: Readonly<Record<string, Case>> = {
  conv1d: {
    layer: conv1d('y', { channels: 6, stride: 2, groups: 2 }),
    inputs: { x: ['batch', 4, 'length'] },
  },
  convTranspose1d: {
    layer: convTranspose1d('y', { channels: 3, stride: 2, outputPad: 1 }),
    inputs: { x: ['batch', 4, 'length'] },
  },
  convTranspose: {
    layer: convTranspose('y', { channels: 6, kernel: 4, stride: 2, pad: 1, groups: 2 }),
    inputs: { x: ['batch', 4, 'height', 'width'] },
  },
  linear: { layer: linear('y', { features: 3 }), inputs: { x: [...sequence, 5] } },
  layerNorm: { layer: layerNorm('y', { epsilon: 1e-3 }), inputs: { x: [...sequence, 6] } },
  rmsNorm: { layer: rmsNorm('y', { epsilon: 1e-3 }), inputs: { x: [...sequence, 6] } },
  groupNorm: { layer: groupNorm('y', { groups: 2 }), inputs: { x: ['batch', 6, 'height', 'width'] } },
  batchNorm: {
    layer: batchNorm('y', { statistics: 'batch' }),
    inputs: { x: ['batch', 4, 'height', 'width'] },
  },
  cross: {
    layer: {
      build: ({ x, to }, scope) => ({ 'y.out': attention('y', { heads: 3, to })(x, scope) }),
    },
    inputs: { x: [...sequence, 12], to: ['batch', 'source', 12] },
  },
  lstm: { layer: lstm('y', { hidden: 4, bidirectional: true }), inputs: { x: [...sequence, 5] } },
  moe: { layer: moe('y', { experts: 4, hidden: 5 }), inputs: { x: [...sequence, 6] } },
};

/** The tensors of one case of fixtures/layers.safetensors: `input:x`, `weight:y.bias`, `output:y`, … */
async function fixture(name: string) {
  const path = fileURLToPath(new URL('fixtures/layers.safetensors', import.meta.url));
  const file = await openSafetensors(path);
  const group = (kind: string): Record<string, Tensor> => {
    const prefix = `${name}/${kind}:`;
    const keys = file.names.filter(key => key.startsWith(prefix));
    return Object.fromEntries(keys.map(key => [key.slice(prefix.length), file.read(key)]));
  };
  const found = { inputs: group('input'), weights: group('weight'), outputs: group('output') };
  file.close();
  return found;
}

test.each(Object.entries(cases))('%s', async (name, { layer, inputs }) => {
  const given = await fixture(name);
  const graph = network(layer, { inputs, weights: parameter => given.weights[parameter] });
  expect(JSON.parse(graph.metadata['neuronbook.parameters'])).toEqual(
    expect.arrayContaining(Object.keys(given.weights)),
  );
  const names = Object.keys(given.outputs);
  const received = await read(graph, given.inputs, names);
  for (const site of names) expect(difference(received[site], given.outputs[site])).toBeLessThan(1e-5);
  const { gradient, differences, zeros } = await slopes(graph, given.inputs);
  expect(zeros).toEqual([]);
  expect(Math.abs(gradient - differences) / differences).toBeLessThan(5e-3);
});

/** Values that depend on nothing but their place. */
const waves = (dims: readonly number[]): Tensor => {
  const size = dims.reduce((a, b) => a * b, 1);
  return tensor(
    Array.from({ length: size }, (_, i) => Math.sin(1 + 0.7 * i)),
    dims,
  );
};

const run = async (graph: Graph, x: Tensor, site: string) => (await read(graph, { x }, [site]))[site];

test('out is the sum of what each head writes, which is made from z', async () => {
  const options = { heads: 3, causal: true };
  const inputs = { x: [...sequence, 12] };
  const x = waves([2, 4, 12]);
  const whole = network(attention('a', options), { inputs });
  const parts = network(attention('a', { ...options, result: true }), { inputs });
  const out = await run(whole, x, 'a.out');
  const received = await read(parts, { x }, ['a.out', 'a.result']);
  expect(difference(received['a.out'], out)).toBeLessThan(1e-5);
  expect(received['a.result'].dims).toEqual([2, 4, 3, 12]);
  // result is made from z, so that an edit of z reaches it
  expect(parts.nodes.filter(({ inputs }) => inputs.includes('a.z')).map(({ outputs }) => outputs)).toEqual([
    ['a.result/transpose_1'],
  ]);
});

test('a causal position sees itself and earlier ones, with a window only the nearest', async () => {
  const pattern = async (window?: number) => {
    const graph = network(attention('a', { heads: 1, causal: true, window }), {
      inputs: { x: [...sequence, 4] },
    });
    const rows = (await run(graph, waves([1, 4, 4]), 'a.pattern')).at(0).at(0).toArray() as number[][];
    for (const row of rows) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    return rows.map(row => row.map(value => (value > 0 ? 1 : 0)).join(''));
  };
  expect(await pattern()).toEqual(['1000', '1100', '1110', '1111']);
  expect(await pattern(2)).toEqual(['1000', '1100', '0110', '0011']);
});

test('heads that share keys are those of full attention with the keys repeated', async () => {
  const inputs = { x: [...sequence, 8] };
  const shared = network(attention('a', { heads: 4, kvHeads: 2, causal: true }), { inputs });
  const repeat = (value: Tensor) => {
    const [rows, ...rest] = value.dims;
    // two heads of width 2: rows 0 1 0 1 2 3 2 3
    const width = value.size / rows;
    const order = [0, 1, 0, 1, 2, 3, 2, 3];
    const data = order.flatMap(row => value.toNumbers().slice(row * width, (row + 1) * width));
    return tensor(data, [8, ...rest]);
  };
  const full = network(attention('a', { heads: 4, causal: true }), {
    inputs,
    weights: name => {
      const value = shared.constants.get(name)!;
      return /\.(k|v)\./.test(name) ? repeat(value) : value;
    },
  });
  const x = waves([2, 5, 8]);
  expect(difference(await run(shared, x, 'a.out'), await run(full, x, 'a.out'))).toBeLessThan(1e-5);
});

test('sinusoidal positions are sines and cosines of growing wavelengths', async () => {
  const graph = network(residual('y', sinusoidalPositions('p')), { inputs: { x: [...sequence, 6] } });
  const received = await run(graph, waves([2, 5, 6]), 'p');
  const expected = Array.from({ length: 5 }, (_, t) =>
    [0, 1, 2].flatMap(i => [Math.sin(t / 10000 ** (i / 3)), Math.cos(t / 10000 ** (i / 3))]),
  ).flat();
  expect(difference(received, tensor(expected, [5, 6]))).toBeLessThan(1e-6);
});

test('learned positions are the first rows of their table', async () => {
  const graph = network(residual('y', learnedPositions('p', { count: 8 })), {
    inputs: { x: [...sequence, 3] },
  });
  const table = graph.constants.get('p.weight')!;
  const received = await run(graph, waves([1, 5, 3]), 'p');
  expect(received.toNumbers()).toEqual(table.toNumbers().slice(0, 15));
});

test('attention in two steps over its own past is attention in one', async () => {
  const options = { heads: 2, causal: true, rotary: [1, 0.1] };
  const whole = network(attention('a', options), { inputs: { x: [...sequence, 8] } });
  const stepped = network(
    {
      build({ x, key, value }, scope) {
        const made = attend(scope, 'a', x, { ...options, past: { key, value } });
        return { 'a.out': made.out, 'key.next': made.key, 'value.next': made.value } as Record<string, Var>;
      },
    },
    {
      inputs: { x: [...sequence, 8], key: ['batch', 2, 'past', 4], value: ['batch', 2, 'past', 4] },
      weights: name => whole.constants.get(name),
    },
  );
  const x = waves([1, 5, 8]);
  const part = (from: number, to: number) => tensor(x.toNumbers().slice(8 * from, 8 * to), [1, to - from, 8]);
  const names = ['a.out', 'key.next', 'value.next'];
  const empty = tensor(new Float32Array(0), [1, 2, 0, 4]);
  const first = await read(stepped, { x: part(0, 3), key: empty, value: empty }, names);
  const second = await read(
    stepped,
    { x: part(3, 5), key: first['key.next'], value: first['value.next'] },
    names,
  );
  const joined = [first, second].flatMap(made => made['a.out'].toNumbers());
  expect(difference(tensor(joined, [1, 5, 8]), await run(whole, x, 'a.out'))).toBeLessThan(1e-5);
});

test('mistakes are named', () => {
  const inputs = { x: [...sequence, 6] };
  const building = (layer: Layer) => () => network(layer, { inputs });
  expect(building(attention('a', { heads: 4 }))).toThrow(
    'a: 4 heads do not divide 6 features; give headWidth',
  );
  expect(building(attention('a', { heads: 3, kvHeads: 2 }))).toThrow(
    'a: 2 heads of keys do not divide 3 heads of queries',
  );
  expect(building(moe('m', { experts: 2, active: 3, hidden: 4 }))).toThrow('m: 3 active experts of 2');
  expect(building(linear('l', { features: 6, tied: 'embed.weight' }))).toThrow(
    'no weight embed.weight to share; made so far: none',
  );
  expect(
    building(sequential(linear('a', { features: 4 }), linear('b', { features: 4, tied: 'a.weight' }))),
  ).toThrow('b ties a.weight, which is 4×6; expected 4×4');
  expect(() => network(linear('l', { features: 2 }), { inputs, weights: () => tensor([1, 2], [2]) })).toThrow(
    'weight l.weight is 2; expected 2×6',
  );
});
