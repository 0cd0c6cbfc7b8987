/** What is counted, against counting by hand; edits, against what they leave as it was. */
import { beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { add, mul } from '../../engine/functions.ts';
import { ablate } from '../../model/edits.ts';
import { Model } from '../../model/model.ts';
import { llama, neox } from '../../nn/index.ts';
import * as nn from '../../nn/index.ts';
import { adamW, crossEntropy, divergence, fit } from '../../train/index.ts';
import { compact, course, executed, gathered, keep, massive, means, quantile, sinks, stats, threshold, topK } from './index.ts'; // prettier-ignore

const size = { vocabulary: 12, context: 8, width: 16, layers: 2, heads: 2 };
const relu = new Model(
  'relu',
  neox({ ...size, activation: 'relu', rotary: 1, parallel: false }, { seed: 1 }),
);
const gated = new Model('gated', llama({ ...size, hidden: 24 }, { seed: 2 }));
const draw = rng('tokens');
const tokens = tensor(
  BigInt64Array.from({ length: 6 * 8 }, () => BigInt(draw.integer(12))),
  [6, 8],
);
const at = 'blocks.1.mlp.post';
const width = 64;
let post: Float32Array;
beforeAll(async () => {
  post = (await relu.run({ tokens }, { read: [at] })).sites[at].data as Float32Array;
});
const logits = async (model: Model): Promise<number[]> =>
  (await model.run({ tokens })).outputs.logits.toNumbers();
const same = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

describe('stats', () => {
  test('agrees with counting by hand', async () => {
    const found = await stats(relu, { tokens }, { live: false, batch: 4, prompt: 3 });
    expect(found.layers.map(({ site }) => site)).toEqual(['blocks.0.mlp.post', at]);
    const layer = found.layer(at);
    const rows = Array.from({ length: 48 }, (_, i) => [...post.subarray(i * width, (i + 1) * width)]);
    const l0 = rows.map(row => row.filter(value => value > 0).length);
    const mean = l0.reduce((a, b) => a + b) / 48;
    expect(layer.l0).toBeCloseTo(mean, 10);
    expect(layer.active).toBeCloseTo(mean / width, 10);
    expect(layer.l0Deviation).toBeCloseTo(Math.sqrt(l0.reduce((s, x) => s + (x - mean) ** 2, 0) / 48), 8);
    const entropies = rows.map(row => {
      const total = row.reduce((a, b) => a + b);
      return row.reduce((sum, x) => (x > 0 ? sum - (x / total) * Math.log(x / total) : sum), 0);
    });
    expect(layer.entropy).toBeCloseTo(entropies.reduce((a, b) => a + b) / 48, 6);
    const mu = post.reduce((a, b) => a + b) / post.length;
    const moment = (n: number) => post.reduce((sum, x) => sum + (x - mu) ** n, 0) / post.length;
    expect(layer.kurtosis).toBeCloseTo(moment(4) / moment(2) ** 2 - 3, 4);
    const unit = rows.map(row => row[5]);
    expect(layer.unitActive[5]).toBe(unit.filter(x => x > 0).length / 48);
    expect(layer.unitLargest[5]).toBe(Math.max(...unit));
    expect(layer.together![5 * width + 7]).toBe(rows.filter(row => row[5] > 0 && row[7] > 0).length);
    const dead = [...Array(width).keys()].filter(i => rows.every(row => row[i] === 0));
    expect(layer.dead).toEqual(dead);
    // phases, positions and words are parts of the same rows
    const late = rows.filter((_, i) => i % 8 >= 3);
    const active = (of: number[][]) => of.flat().filter(x => x > 0).length / (of.length * width);
    expect(layer.phases.answer).toEqual({ rows: 30, active: expect.closeTo(active(late), 10) as number });
    expect(layer.phases.prompt.rows).toBe(18);
    expect(layer.positions[2].active).toBeCloseTo(active(rows.filter((_, i) => i % 8 === 2)), 10);
    const ids = tokens.toNumbers();
    expect(layer.tokens.get(ids[0])!.active).toBeCloseTo(
      active(rows.filter((_, i) => ids[i] === ids[0])),
      10,
    );
    const units = found.units(at).rows;
    expect(units.map(({ active }) => active)).toEqual([...layer.unitActive].sort((a, b) => b - a));
  });

  test('the effective rank is that of the singular values', async () => {
    // two directions of equal size, far from the mean: rank 2
    const layers = nn.linear('h', { features: 4 });
    const graph = nn.network(layers, { inputs: { x: ['batch', 2] }, seed: 1 });
    const model = new Model('two', graph);
    const x = tensor([1, 0, -1, 0, 0, 1, 0, -1], [4, 2]);
    const still: nn.Layer = (given, scope) => scope.alias('h', given);
    const identity = nn.network(still, { inputs: { x: ['batch', 2] } });
    const [whole] = (await stats(new Model('identity', identity), { x }, { read: ['h'], live: false }))
      .layers;
    expect(whole.effectiveRank).toBeCloseTo(2, 5);
    const [mixed] = (await stats(model, { x }, { read: ['h'], live: false })).layers;
    expect(mixed.effectiveRank).toBeGreaterThan(1);
    expect(mixed.effectiveRank).toBeLessThan(2.0001);
    const one = tensor([1, 0, -1, 0], [2, 2]);
    const [line] = (await stats(model, { x: one }, { read: ['h'], live: false })).layers;
    expect(line.effectiveRank).toBeCloseTo(1, 4);
  });

  test('a mask in the batch parts prompt and answer', async () => {
    const mask = tensor(
      Float32Array.from({ length: 48 }, (_, i) => Number(i % 8 === 7)),
      [6, 8],
    );
    const found = await stats(relu, { tokens, mask }, { live: false, prompt: 'mask' });
    expect(found.layer(at).phases.answer.rows).toBe(6);
    await expect(stats(relu, { tokens }, { live: false, prompt: 'mask' })).rejects.toThrow(
      'unknown entry of the batch: mask; nearest: tokens',
    );
  });

  test('finds units that are planted dead and always on', async () => {
    const planted = relu.edit(ablate(at, { channels: [3] }), ablate(at, { channels: [8, 9], mode: [1, 1] }));
    const { dead, alwaysOn } = (await stats(planted, { tokens }, { live: false })).layer(at);
    expect(dead).toContain(3);
    expect(alwaysOn).toEqual(expect.arrayContaining([8, 9]));
    const pairs = (
      await stats(relu.edit(ablate(at, { channels: [3] })), { tokens }, { live: false })
    ).coactive(at);
    expect(pairs.rows.every(({ first, second }) => first !== 3 && second !== 3)).toBe(true);
    expect(pairs.rows[0].correlation).toBeGreaterThan(pairs.rows[19].correlation);
  });

  test('pictures: each layer with its own places', async () => {
    const layers = nn.sequential(
      nn.conv('c1', { channels: 3, kernel: 3 }),
      nn.relu('r1'),
      nn.conv('c2', { channels: 4, kernel: 3, stride: 2 }),
      nn.relu('r2'),
    );
    const model = new Model(
      'pictures',
      nn.network(layers, { inputs: { image: ['batch', 1, 6, 6] }, seed: 4 }),
    );
    const image = tensor(Float32Array.from({ length: 72 }, draw.normal), [2, 1, 6, 6]);
    const found = await stats(model, { image }, { live: false });
    const { sites } = await model.run({ image }, { read: ['r2'] });
    const values = sites.r2.toNumbers();
    expect(found.layer('r2').active).toBeCloseTo(values.filter(x => x > 0).length / values.length, 10);
    expect(found.layers.map(({ rows }) => rows)).toEqual([72, 18]);
  });

  test('shows itself, and a wrong layer names the real ones', async () => {
    const found = await stats(relu, { tokens }, { live: false });
    expect(Object.keys(found[displaySymbol]())).toEqual(expect.arrayContaining(['text/plain', 'text/html']));
    expect(String(found.table())).toContain('effective rank');
    expect(() => found.layer('blocks.1.mlp.pots')).toThrow(
      'unknown layer: blocks.1.mlp.pots; nearest: blocks.0.mlp.post, blocks.1.mlp.post',
    );
  });
});

describe('edits', () => {
  test.each<[string, Model, ReturnType<typeof topK>]>([
    ['top-k of all', relu, topK(at, { k: width })],
    ['no threshold', relu, threshold(at, 0)],
    ['no threshold a channel', relu, threshold(at, new Float32Array(width))],
    ['all units kept', relu, keep(at, [...Array(width).keys()])],
  ])('%s changes not a bit', async (_, model, edit) => {
    expect(await logits(model.edit(edit))).toEqual(await logits(model));
  });

  test('top-k keeps exactly the k largest, and only them', async () => {
    const value = (await relu.edit(topK(at, { k: 5 })).run({ tokens }, { read: [at] })).sites[at].toNumbers();
    for (let row = 0; row < 48; row++) {
      const before = [...post.subarray(row * width, (row + 1) * width)];
      const after = value.slice(row * width, (row + 1) * width);
      const least = [...before].sort((a, b) => b - a)[4];
      expect(after).toEqual(before.map(x => (x >= least && x > 0 ? x : 0)));
    }
  });

  test('of equal entries exactly k stay', async () => {
    const level = relu.edit(ablate(at, { mode: Array<number>(width).fill(1) }), topK(at, { k: 5 }));
    const value = (await level.run({ tokens }, { read: [at] })).sites[at].toNumbers();
    expect(value.reduce((a, b) => a + b)).toBe(5 * 48);
  });

  test('other entries: as many, ranked by other units', async () => {
    const order = rng('order').permutation(width);
    const full = relu.edit(
      ablate(at, { mode: [...Array(width).keys()].map(i => i + 1) }),
      topK(at, { k: 4, order }),
    );
    const value = (await full.run({ tokens }, { read: [at] })).sites[at].toNumbers().slice(0, width);
    // unit i is ranked by the value of unit order[i], which is order[i] + 1
    expect(value.flatMap((x, i) => (x ? [i] : [])).map(i => order[i]).sort((a, b) => a - b)).toEqual([60, 61, 62, 63]); // prettier-ignore
  });

  test('top-k can be trained through', async () => {
    const before = relu.edit(topK(at, { k: 8 }));
    const label = tensor(BigInt64Array.from(tokens.toNumbers(), BigInt), [6, 8]);
    const run = await fit(before, { tokens, label }, { loss: crossEntropy(), optimizer: adamW({ lr: 1e-2 }), steps: 12, live: false }); // prettier-ignore
    expect(run.losses.at(-1)!).toBeLessThan(run.losses[0]);
  });

  test('a threshold at a quantile silences that share', async () => {
    const site = 'blocks.0.mlp.gate';
    const least = await quantile(gated, { tokens }, site, 0.6);
    const [layer] = (
      await stats(gated.edit(threshold(site, least)), { tokens }, { read: [site], live: false })
    ).layers;
    expect(layer.active).toBeCloseTo(0.4, 2);
    const values = (await gated.run({ tokens }, { read: [site] })).sites[site].toNumbers().map(Math.abs);
    const mean = await means(gated, { tokens }, site);
    const unit = values.filter((_, i) => i % 24 === 7);
    expect(mean[7]).toBeCloseTo(unit.reduce((a, b) => a + b) / 48, 6);
  });

  test.each<[string, () => unknown, string]>([
    ['k', () => relu.edit(topK(at, { k: 65 })), `top 65 of 64 channels at ${at}; expected 1 to 64`],
    ['threshold', () => threshold(at, -1), `threshold -1 at ${at}; expected numbers from 0`],
    [
      'thresholds',
      () => relu.edit(threshold(at, [1])),
      `1 thresholds at ${at}; expected 64, one per channel`,
    ],
    ['units', () => relu.edit(keep(at, [64])), `channel out of range: 64 at ${at}; expected 0 to 63`],
    [
      'an MLP',
      () => compact(relu, 'blocks.9.mlp', [1]),
      'unknown MLP: blocks.9.mlp; nearest: blocks.0.mlp, blocks.1.mlp',
    ],
  ])('a wrong %s is named', (_, act, said) => expect(act).toThrow(said));
});

describe('what is not computed', () => {
  const core = [1, 2, 3, 5, 8, 13, 21];
  test.each<[string, Model, string, string]>([
    ['ReLU', relu, 'blocks.0.mlp', 'blocks.0.mlp.post'],
    ['gated', gated, 'blocks.0.mlp', 'blocks.0.mlp.post'],
  ])('%s: smaller matrices are the masked ones, to rounding', async (_, model, mlp, hidden) => {
    const masked = await logits(model.edit(keep(hidden, core)));
    expect(same(await logits(model.edit(compact(model, mlp, core))), masked)).toBeLessThan(1e-6);
    expect(same(await logits(model), masked)).toBeGreaterThan(1e-4);
  });
  test.each<[string, Model, string]>([
    ['ReLU', relu, 'blocks.0.mlp.post'],
    ['gated', gated, 'blocks.0.mlp.gate'],
  ])('%s: gathered rows are top-k, to rounding', async (_, model, gate) => {
    const masked = await logits(model.edit(topK(gate, { k: 6 })));
    expect(same(await logits(model.edit(gathered(model, 'blocks.0.mlp', { k: 6 }))), masked)).toBeLessThan(
      1e-6,
    );
    expect(same(await logits(model), masked)).toBeGreaterThan(1e-4);
  });

  test('executed multiply-adds are counted product by product', async () => {
    const dense = await executed(gated, { tokens });
    const cost = gated.cost({ tokens: [6, 8] });
    // attention's products of two activations are not with weights
    const attention = 2 * (6 * 2 * 8 * 8 * 8) * 2;
    expect(dense.dense).toBe(cost.multiplyAdds - attention);
    expect(dense.executed).toBe(dense.dense);
    const sparse = await executed(gated.edit(topK('blocks.1.mlp.gate', { k: 6 })), { tokens });
    const row = (site: string) => sparse.rows.find(each => each.site === site)!;
    // the gate itself is computed whole; what it silences is passed over before and behind it
    expect(row('blocks.1.mlp.pre').executed).toBe(48 * 16 * 24);
    expect(row('blocks.1.mlp.up')).toMatchObject({ executed: 48 * 16 * 6, spared: 'result' });
    expect(row('blocks.1.mlp.out')).toMatchObject({ executed: 48 * 16 * 6, spared: 'input' });
    expect(dense.executed - sparse.executed).toBe(2 * 48 * 16 * 18);
  });
});

test('a course: the same data at every checkpoint', async () => {
  const label = tensor(BigInt64Array.from(tokens.toNumbers(), BigInt), [6, 8]);
  const models: Record<number, Model> = { 0: relu };
  await fit(
    relu,
    { tokens, label },
    {
      loss: crossEntropy(),
      optimizer: adamW({ lr: 1e-2 }),
      steps: 4,
      live: false,
      onStep({ step, model }) {
        if (step % 2 === 0) models[step] = model();
      },
    },
  );
  const found = await course(models, { tokens }, { live: false });
  expect(found.steps).toEqual([0, 2, 4]);
  const [first] = found.active(at);
  expect(first).toBe((await stats(relu, { tokens }, { live: false })).layer(at).active);
  expect(found.falls()[at]).toBeCloseTo(1 - found.active(at)[2] / first, 12);
  // the copies are of their step: later steps do not change them
  expect(await logits(models[2])).not.toEqual(await logits(models[4]));
});

describe('what stands out', () => {
  test('a planted massive activation is found, and nothing else', async () => {
    const site = 'blocks.0.resid.post';
    const planted = relu.edit(ablate(site, { channels: [4], mode: [5000] }));
    const found = await massive(planted, { tokens }, { read: [site] });
    expect(found.rows).toMatchObject([{ site, channel: 4, value: 5000 }]);
    expect((await massive(relu, { tokens })).length).toBe(0);
  });

  test('a head that rests on the first position is a sink', async () => {
    const site = 'blocks.1.attn.pattern';
    const first = tensor(Float32Array.from({ length: 8 }, (_, key) => Number(key === 0)));
    const resting = relu.edit({ site, text: 'rest', build: value => add(mul(value, 0), value.trace.constant(first)) }); // prettier-ignore
    const planted = (await sinks(resting, { tokens }, { read: [site] })).rows;
    expect(planted.map(({ position, share, rests }) => [position, share, rests])).toEqual([
      [0, 1, 'yes'],
      [0, 1, 'yes'],
    ]);
    const found = await sinks(relu, { tokens });
    expect(found.length).toBe(4);
    const { sites } = await relu.run({ tokens }, { read: [site] });
    const pattern = sites[site].toNumbers();
    // by hand: head 1 of the second block, queries 1 to 7
    const total = Array<number>(8).fill(0);
    for (let n = 0; n < 6; n++)
      for (let query = 1; query < 8; query++)
        for (let key = 0; key < 8; key++) total[key] += pattern[((n * 2 + 1) * 8 + query) * 8 + key] / 42;
    const row = found.rows.find(each => each.site === site && each.head === 1)!;
    expect(row.share).toBeCloseTo(Math.max(...total), 6);
    expect(row.position).toBe(total.indexOf(Math.max(...total)));
  });
});

test('divergence is zero of the model itself, and by hand of another', async () => {
  const other = relu.edit(ablate('blocks.1.mlp.out'));
  const label = tensor(BigInt64Array.from(tokens.toNumbers(), BigInt), [6, 8]);
  expect((await divergence(relu, relu, { tokens })).kl).toBe(0);
  const found = await divergence(relu, other, { tokens, label }, { from: 3, label: 'label' });
  const [a, b] = [await logits(relu), await logits(other)];
  const logSoftmax = (row: number[]) => {
    const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    return row.map(x => x - total);
  };
  let [kl, loss, rows] = [0, 0, 0];
  for (let i = 0; i < 48; i++) {
    if (i % 8 < 3) continue;
    const [p, q] = [a, b].map(all => logSoftmax(all.slice(i * 12, (i + 1) * 12)));
    kl += p.reduce((sum, x, k) => sum + Math.exp(x) * (x - q[k]), 0);
    loss -= q[tokens.toNumbers()[i]];
    rows++;
  }
  expect(found.rows).toBe(30);
  expect(found.kl).toBeCloseTo(kl / rows, 8);
  expect(found.otherLoss).toBeCloseTo(loss / rows, 6);
});
