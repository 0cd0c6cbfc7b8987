/** Coders spliced into models: what the model does then, its features as sites, and how that is evaluated. */
import { beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { ablate, steer } from '../../model/edits.ts';
import { Model } from '../../model/model.ts';
import { pick } from '../../model/objective.ts';
import {
  conv,
  embedding,
  flatten,
  linear,
  network,
  normal,
  relu as active,
  sequential,
} from '../../nn/index.ts';
import { adam } from '../../train/index.ts';
import { relu, topK } from './architectures/index.ts';
import { evaluate } from './evaluate.ts';
import { fit } from './fit.ts';
import type { Transcoder } from './transcoder.ts';

const model = new Model(
  'small',
  network(
    sequential(
      embedding('embed', { count: 20, features: 6, init: normal(1) }),
      linear('pre', { features: 12 }),
      active('post'),
      linear('out', { features: 6 }),
      linear('logits', { features: 20 }),
    ),
    { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' }, seed: 3 },
  ),
);
const random = rng('tokens');
const ids = () => BigInt64Array.from({ length: 40 * 8 }, () => BigInt(random.integer(20)));
const data = { tokens: tensor(ids(), [40, 8]), label: tensor(ids(), [40, 8]) };
const { tokens } = data;
const common = {
  data,
  features: 16,
  steps: 400,
  batch: 64,
  optimizer: adam({ lr: 0.02 }),
  live: false,
} as const;

let through: Transcoder;
let rough: Transcoder;
beforeAll(async () => {
  through = await fit(model, { ...common, from: 'embed', to: 'out', architecture: relu({ l1: 0.01 }) });
  rough = await fit(model, { ...common, from: 'embed', to: 'out', architecture: topK({ k: 1 }), steps: 30 });
});

const off = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

describe('a coder as an edit', () => {
  test('puts what it reconstructs in the place of what it writes, at any size', async () => {
    const edited = model.edit(rough.splice());
    const { sites } = await edited.run({ tokens }, { read: ['embed', 'out', 'out.features'] });
    const wanted = await rough.reconstruct(sites.embed);
    expect(off(sites.out.toNumbers(), wanted.toNumbers())).toBeLessThan(1e-5);
    expect(
      off(sites['out.features'].toNumbers(), (await rough.encode(sites.embed)).toNumbers()),
    ).toBeLessThan(1e-5);
    const one = await edited.run({ tokens: tensor([3n, 7n], [1, 2]) });
    expect(one.outputs.logits.dims).toEqual([1, 2, 20]);
    expect(String(edited)).toContain("edited: splice('out', 16 features)");
  });

  test('changes nothing with its error kept, until a feature is changed', async () => {
    const kept = rough.splice({ error: true });
    const { outputs } = await model.run({ tokens });
    const same = await model.edit(kept).run({ tokens }, { read: ['out', 'out.features'] });
    expect(off(same.outputs.logits.toNumbers(), outputs.logits.toNumbers())).toBeLessThan(1e-5);
    const z = same.sites['out.features'].toArray() as number[][][];
    const feature = z[0][0].findIndex(value => value > 0);
    const cut = ablate('out.features', { channels: [feature], axis: -1 });
    const { sites } = await model.edit(kept, cut).run({ tokens }, { read: ['out'] });
    const row = rough.weights.W_dec.at(feature).toNumbers();
    const wanted = same.sites.out
      .toNumbers()
      .slice(0, 6)
      .map((value, j) => value - z[0][0][feature] * row[j]);
    expect(off(sites.out.toNumbers().slice(0, 6), wanted)).toBeLessThan(1e-5);
    expect(z[0][0][feature]).toBeGreaterThan(0);
  });

  test('lets gradients through to its features, which are effects of steering them', async () => {
    const edited = model.edit(through.splice({ error: true }));
    const input = { tokens: tensor([3n, 7n], [1, 2]) };
    const grads = await edited.gradient(input, { of: pick('logits', [0, 1, 4]), at: ['out.features'] });
    const slope = grads['out.features'].toNumbers();
    const direction = tensor(Float32Array.from({ length: 16 }, (_, i) => +(i === 5)));
    const logit = async (steered: Model) =>
      ((await steered.run(input)).outputs.logits.toArray() as number[][][])[0][1][4];
    const moved = await logit(edited.edit(steer('out.features', direction, 0.5, { axis: -1 })));
    // what follows is linear
    expect(moved - (await logit(edited))).toBeCloseTo(0.5 * slope[16 + 5], 4);
    expect(Math.abs(slope[16 + 5])).toBeGreaterThan(1e-4);
  });

  test('works where channels come first', async () => {
    const net = new Model(
      'pictures',
      network(sequential(conv('conv1', { channels: 4 }), active('relu1'), flatten('flat')), {
        inputs: { image: ['batch', 2, 5, 5] },
      }),
    );
    const image = tensor(
      Float32Array.from({ length: 8 * 50 }, () => random.normal()),
      [8, 2, 5, 5],
    );
    const t = await fit(net, { ...common, data: { image }, from: 'conv1', to: 'relu1', steps: 200 });
    const { sites } = await net
      .edit(t.splice())
      .run({ image }, { read: ['conv1', 'relu1', 'relu1.features'] });
    expect(sites['relu1.features'].dims).toEqual([8, 5, 5, 16]);
    const values = sites.conv1.toArray() as number[][][][];
    const at = [0, 1, 2, 3].map(c => values[2][c][3][1]);
    const wanted = (await t.reconstruct(tensor(at, [1, 4]))).toNumbers();
    const got = sites.relu1.toArray() as number[][][][];
    expect(
      off(
        [0, 1, 2, 3].map(c => got[2][c][3][1]),
        wanted,
      ),
    ).toBeLessThan(1e-5);
  });

  test('says why it does not fit', async () => {
    const of = (t: Transcoder, from: string, to: string) =>
      model.edit(Object.assign(Object.create(Object.getPrototypeOf(t) as object), t, { from: [from], to: [to] }).splice() as ReturnType<Transcoder['splice']>); // prettier-ignore
    expect(() => of(rough, 'post', 'out')).toThrow(
      'post has 12 channels; expected 6, what the coder was trained on',
    );
    expect(() => of(rough, 'out', 'embed')).toThrow(
      'reads out, which follows from embed; expected sites before it',
    );
    expect(() => of(rough, 'nowhere', 'out')).toThrow('unknown site: nowhere');
  });
});

describe('evaluate', () => {
  test('measures what the model loses', async () => {
    const own = await evaluate(model, through, data, { live: false });
    // the labels are random: a model that says less is right as often
    const { outputs } = await model.run({ tokens });
    const scores = outputs.logits.toArray() as number[][][];
    const nll = scores.flatMap(
      (example, n) =>
      example.map((row, t) => Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[Number(data.label.data[n * 8 + t])]), // prettier-ignore
    );
    expect(own.ce.clean).toBeCloseTo(nll.reduce((sum, value) => sum + value, 0) / nll.length, 4);
    expect(own.kl.clean).toBeCloseTo(0, 6);
    expect(own.klRecovered).toBeGreaterThan(0.9);
    expect(own.klRecovered).toBeCloseTo(1 - own.kl.spliced / own.kl.ablated, 8);
    expect(own.fvu).toBeCloseTo(through.history!.recent('fvu'), 1);
    const worse = await evaluate(model, rough, data, { live: false });
    expect(worse.l0).toBeLessThanOrEqual(1);
    expect(worse.klRecovered!).toBeLessThan(own.klRecovered!);
    expect(String(own)).toContain('320 rows');
  });

  test('refuses a ratio over a cost that is next to nothing', async () => {
    // an unembedding of zero: whatever is spliced in before it changes nothing
    const mute = model.edit(ablate('logits'));
    const own = await evaluate(mute, through, data, { live: false });
    expect([own.ceRecovered, own.klRecovered]).toEqual([undefined, undefined]);
    expect(String(own)).toContain('CE recovered        none: ablation costs next to nothing');
    expect(own.fvu).toBeLessThan(0.5);
  });

  test('wants the right answers', async () => {
    await expect(evaluate(model, through, { tokens }, { live: false })).rejects.toThrow(
      'the batch has no label, the right answers; it has tokens: name one in `label`',
    );
    await expect(evaluate(model, through, () => data, { live: false })).rejects.toThrow(
      'say how many `batches`',
    );
  });
});
