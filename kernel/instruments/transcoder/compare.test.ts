/** Top examples, sweeps and connections, against what can be computed by hand. */
import { beforeAll, expect, test } from 'vitest';
import { setHost } from '../../base/host.ts';
import { rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { steer } from '../../model/edits.ts';
import { Model } from '../../model/model.ts';
import { embedding, linear, network, normal, sequential } from '../../nn/index.ts';
import { adam } from '../../train/index.ts';
import { topK } from './architectures/index.ts';
import { connections } from './connections.ts';
import { fit } from './fit.ts';
import { passBar } from './pass.ts';
import { sweep } from './sweep.ts';
import { topExamples } from './top-examples.ts';
import type { Transcoder } from './transcoder.ts';

const model = new Model(
  'small',
  network(
    sequential(
      embedding('embed', { count: 20, features: 6, init: normal(1) }),
      linear('out', { features: 6 }),
      linear('logits', { features: 20 }),
    ),
    { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' }, seed: 3 },
  ),
);
const random = rng('tokens');
const tokens = tensor(
  BigInt64Array.from({ length: 40 * 8 }, () => BigInt(random.integer(20))),
  [40, 8],
);
const base = { data: { tokens }, features: 12, steps: 30, batch: 64, live: false } as const;
let t: Transcoder;
beforeAll(async () => {
  t = await fit(model, { ...base, from: 'embed', to: 'out', architecture: topK({ k: 2 }) });
});

test('top examples are the largest values, with the words around them', async () => {
  const found = await topExamples(model, t, { tokens }, { top: 4, context: 2, batch: 16, live: false });
  const { sites } = await model.run({ tokens }, { read: ['embed'] });
  const z = (await t.encode(sites.embed)).toArray() as number[][][];
  for (let feature = 0; feature < 12; feature++) {
    const all = z
      .flatMap((rows, example) => rows.map((row, position) => ({ value: row[feature], example, position })))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value);
    expect(found.of(feature).map(({ value }) => value)).toEqual(all.slice(0, 4).map(({ value }) => value));
    for (const { value, example, position, tokens: around, at } of found.of(feature)) {
      expect(z[example][position][feature]).toBe(value);
      expect(around![at!]).toBe(Number(tokens.at(example).data[position]));
      expect(around!.length).toBe(Math.min(8, position + 3) - Math.max(0, position - 2));
    }
    expect(found.statistics.density[feature]).toBeCloseTo(all.length / 320, 8);
  }
  const active = z.flat().flatMap(row => row.flatMap((value, i) => (value > 0 ? [i] : [])))[0];
  expect(String(found.table(active))).toMatch(/‹\d+›/);
  expect(() => found.of(12)).toThrow('feature 12; expected 0 to 11');
});

test('a sweep trains what it is told, and evaluates it', async () => {
  const choices = [1, 3].map(k => ({ architecture: topK({ k }), seed: 5 }));
  const on = { model, data: { tokens, label: tokens } };
  const { coders, table } = await sweep(
    model,
    { ...base, from: 'out', steps: 150, optimizer: adam({ lr: 0.02 }) },
    choices,
    { on },
  );
  expect(coders.map(({ coder }) => String(coder.architecture))).toEqual(['topK(k 1)', 'topK(k 3)']);
  const [one, three] = table.rows as readonly (Record<'L0' | 'FVU', number> &
    Record<'architecture' | 'seed', string>)[];
  expect([one.architecture, one.seed, three.architecture]).toEqual(['topK(k 1)', '5', 'topK(k 3)']);
  expect([one.L0 <= 1, three.L0 <= 3, one.FVU > three.FVU]).toEqual([true, true, true]);
  expect(Object.keys(one)).toContain('CE recovered');
});

test('a connection is what a unit of one feature adds to the pre-activation of another', async () => {
  const late = await fit(model, { ...base, from: 'out', to: 'logits', architecture: topK({ k: 12 }) });
  const edges = (await connections(t, late)).toArray() as number[][];
  const direction = t.weights.W_dec.at(4);
  const pre = async (net: Model) => {
    const { sites } = await net.run({ tokens: tensor([3n], [1, 1]) }, { read: ['out'] });
    const out = sites.out.toNumbers();
    const [encoder, b_enc] = [late.weights.W_enc.toArray() as number[][], late.weights.b_enc.toNumbers()];
    const b_in = late.weights.b_in.toNumbers();
    return b_enc.map((bias, j) =>
      out.reduce((sum, value, i) => sum + (value - b_in[i]) * encoder[i][j], bias),
    );
  };
  const [before, after] = [await pre(model), await pre(model.edit(steer('out', direction, 1, { axis: -1 })))];
  edges[4].forEach((edge, j) => expect(after[j] - before[j]).toBeCloseTo(edge, 4));
  const z = Float32Array.from({ length: 12 }, (_, i) => i / 4);
  const at = (await connections(t, late, z)).toArray() as number[][];
  expect(at[4][7]).toBeCloseTo(edges[4][7], 6);
  expect(at[8][7]).toBeCloseTo(2 * edges[8][7], 5);
  await expect(connections(late, t)).rejects.toThrow('logits has 20 channels; expected 6, as embed');
  await expect(connections(t, late, [1, 2])).rejects.toThrow('z has 2 values; expected 12');
});

test('a pass tells how many batches there will be, where that is known', () => {
  setHost({ display() {}, clear() {}, interrupted: false, enterNative() {}, leaveNative() {} });
  const shown = (...[data, options]: [Parameters<typeof passBar>[0], Parameters<typeof passBar>[1]]) => {
    const bar = passBar(data, options, 'pass');
    bar.step();
    const text = String(bar);
    bar.end();
    return text;
  };
  expect(shown({ tokens }, { batch: 16 })).toContain('1/3');
  expect(shown({ tokens }, { batch: 16, batches: 2 })).toContain('1/2');
  expect(shown(() => ({ tokens }), { batches: 5 })).toContain('1/5');
  expect(shown(() => ({ tokens }), {})).not.toMatch(/1\/\d/);
  setHost(undefined);
});
