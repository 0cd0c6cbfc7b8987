/**
 * Networks as people have them: exported by PyTorch, then fused by ONNX Runtime's transformer optimizer (made by
 * fixtures/fused.py). They run, are taken apart, and are differentiated, fused or not.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { ablate, steer } from './edits.ts';
import { load } from './load.ts';
import { pick } from './objective.ts';

const file = (name: string) => new URL(`./fixtures/${name}`, import.meta.url);
const reference = JSON.parse(readFileSync(file('fused.json'), 'utf8')) as {
  ids: number[][];
  mask: number[][];
  outputs: Record<string, { dims: number[]; data: number[] }>;
};
const rows = (values: number[][]) =>
  tensor(BigInt64Array.from(values.flat(), BigInt), [values.length, values[0].length]);
const inputs = { input_ids: rows(reference.ids), attention_mask: rows(reference.mask) };

/** The largest difference, by the scale of what is expected. */
const difference = (received: Tensor, expected: ArrayLike<number>) => {
  const values = received.toNumbers();
  const scale = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - expected[i]))) / scale;
};

test.each([
  ['bert', ['Attention', 'BiasGelu', 'EmbedLayerNormalization', 'SkipLayerNormalization']],
  ['gpt2', ['FastGelu', 'SkipLayerNormalization']],
])('%s: fused, taken apart and in PyTorch the same, at other lengths too', async (name, ops) => {
  const fused = await load(readFileSync(file(`fused-${name}.onnx`)));
  const found = fused.graph.nodes.filter(node => node.domain === 'com.microsoft').map(node => node.op);
  expect([...new Set(found)].sort()).toEqual(ops);
  const open = fused.decompose();
  expect(open.graph.nodes.filter(node => node.domain === 'com.microsoft')).toEqual([]);
  const { dims, data } = reference.outputs[name];
  for (const model of [fused, open]) {
    const { y } = (await model.run(inputs)).outputs;
    expect(y.dims).toEqual(dims);
    expect(difference(y, data)).toBeLessThan(1e-4);
  }
  const short = { input_ids: rows([[7, 7, 2]]), attention_mask: rows([[1, 1, 1]]) };
  const [a, b] = [await fused.run(short), await open.run(short)];
  expect(difference(b.outputs.y, a.outputs.y.toNumbers())).toBeLessThan(1e-5);
});

test('a fused BERT is differentiated as it is: its slope is that of the difference', async () => {
  const fused = await load(readFileSync(file('fused-bert.onnx')));
  const site = [...fused.sites].find(({ op }) => op === 'EmbedLayerNormalization')!.name;
  const of = pick('y', [0, 2, 3]);
  const slope = (await fused.gradient(inputs, { of, at: [site] }))[site];
  const open = fused.decompose();
  const same = (await open.gradient(inputs, { of, at: [site] }))[site];
  expect(difference(slope, same.toNumbers())).toBeLessThan(1e-4);
  // one feature of all tokens moved by h: Σ slope·h
  const h = 2 ** -7;
  const moved = async (by: number) => {
    const offset = new Float32Array(slope.size);
    offset.fill(by, 2 * 16, 3 * 16);
    const direction = tensor(offset, slope.dims);
    const { outputs } = await fused.edit(steer(site, direction)).run(inputs);
    return outputs.y.toNumbers()[2 * 16 + 3];
  };
  const expected = slope
    .toNumbers()
    .slice(2 * 16, 3 * 16)
    .reduce((a, b) => a + b, 0);
  expect((await moved(h)) - (await moved(-h))).toBeCloseTo(2 * h * expected, 3);
});

test('the sites of its attention: what is masked gets no weight, a head can be removed', async () => {
  const open = (await load(readFileSync(file('fused-bert.onnx')))).decompose();
  const patterns = open.sites.names.filter(name => name.endsWith('.pattern'));
  expect(patterns).toHaveLength(2);
  const { sites } = await open.run(inputs, { read: patterns });
  const [first] = patterns;
  expect(sites[first].dims).toEqual([2, 2, 5, 5]);
  // the second sequence has three tokens: keys 3 and 4 are padding
  const weights = sites[first].toNumbers();
  for (let query = 0; query < 10; query++) {
    const row = weights.slice(50 + query * 5, 55 + query * 5);
    expect(row[3] + row[4]).toBeLessThan(1e-6);
    expect(row[0] + row[1] + row[2]).toBeCloseTo(1, 5);
  }
  const z = first.replace(/pattern$/, 'z');
  const edited = open.edit(ablate(z, { channels: [1], axis: 1 }));
  const removed = (await edited.run(inputs, { read: [z] })).sites[z].toNumbers();
  removed.forEach((value, i) => expect(Math.floor(i / 40) % 2 === 1 && value !== 0).toBe(false));
});
