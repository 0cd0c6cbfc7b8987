/** Training coders: what it must equal, what it must keep, and that it goes on where it stopped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setHost } from '../../base/host.ts';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { add, matmul, relu as rectified, sub } from '../../engine/functions.ts';
import { Recorder } from '../../data/activations/recorder.ts';
import { readings } from '../../model/harvest.ts';
import { Model } from '../../model/model.ts';
import { embedding, linear, network, relu as active, sequential, zeros } from '../../nn/index.ts';
import { adam, fit as train, mse, sgd } from '../../train/index.ts';
import { batchTopK, relu, topK } from './architectures/index.ts';
import { firstWeights, normOf, type Coder } from './coder.ts';
import { fit, type TranscoderOptions } from './fit.ts';
import { ghosts, resampling } from './revive.ts';
import type { Transcoder } from './transcoder.ts';

const [D, F, N] = [6, 12, 32];
const random = rng('rows');
const draws = (count: number, width: number) =>
  tensor(
    Float32Array.from({ length: count * width }, () => random.normal()),
    [count, width],
  );
const data = { x: draws(256, D), y: draws(256, D) };
const common = {
  from: 'x',
  to: 'y',
  features: F,
  steps: 20,
  batch: N,
  live: false,
} satisfies TranscoderOptions;

const values = ({ weights }: Transcoder) =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { data: all }]) => [name, [...(all as Float32Array)]]),
  );
const off = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'neuronbook-coder-'))));
afterAll(() => rmSync(root, { recursive: true }));

/** Tokens → three sites of 6, 12 and 6 channels. */
const model = new Model(
  'small',
  network(
    sequential(
      embedding('embed', { count: 20, features: D }),
      linear('pre', { features: 12 }),
      active('post'),
      linear('out', { features: D }),
    ),
    { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' }, seed: 3 },
  ),
);
const tokens = tensor(
  BigInt64Array.from({ length: 40 * 8 }, () => BigInt(random.integer(20))),
  [40, 8],
);

describe('with everything off', () => {
  test('it is plain regression, to 1e-6', async () => {
    const coder: Coder = {
      architecture: relu({ l1: 0 }),
      inputs: [D],
      outputs: [D],
      features: F,
      centre: 'b_in',
      skip: false,
    };
    const first = firstWeights(coder, 0);
    const names = { W_enc: [D, F], W_dec: [F, D], b_dec: [D], b_in: [D], b_enc: [F] };
    const net = network(
      {
        build({ x }, scope) {
          const [W_enc, W_dec, b_dec, b_in, b_enc] = Object.entries(names).map(([name, dims]) =>
            scope.parameter(name, dims, zeros),
          );
          const z = rectified(add(matmul(sub(x, b_in), W_enc), b_enc));
          return { out: add(matmul(z, W_dec), b_dec) };
        },
      },
      { inputs: { x: ['batch', D] }, weights: name => first[name] },
    );
    const optimizer = adam({ lr: 0.01 });
    const loss = mse({ output: 'out', target: 'y' }).scale(D);
    const plain = await train(net, data, { loss, optimizer, steps: 20, batch: N, live: false });
    const t = await fit(data, {
      ...common,
      architecture: relu({ l1: 0 }),
      optimizer,
      normalize: false,
      middle: 'zero',
      unit: false,
      revive: false,
    });
    for (const [name, after] of Object.entries(values(t)))
      expect(off(after, plain.graph.constants.get(name)!.toNumbers()), name).toBeLessThan(1e-6);
    expect(off(values(t).W_enc, first.W_enc.toNumbers())).toBeGreaterThan(0.01);
    expect(off(t.history!.metrics.loss, plain.losses)).toBeLessThan(1e-5);
  });
});

describe('decoder rows', () => {
  const rows = ({ weights: { W_dec } }: Transcoder) =>
    Array.from({ length: F }, (_, i) => (W_dec.data as Float32Array).subarray(i * D, (i + 1) * D));

  test('have norm 1 after every step', async () => {
    for (let steps = 1; steps <= 3; steps++)
      for (const row of rows(await fit(data, { ...common, steps, optimizer: adam({ lr: 0.1 }) })))
        expect(normOf(row)).toBeCloseTo(1, 5);
  });

  test('move across themselves only: the gradient along them is gone before the optimizer sees it', async () => {
    const options = {
      ...common,
      steps: 1,
      optimizer: sgd({ lr: 0.01 }),
      architecture: relu(),
      revive: false,
    } as const;
    const [held, free] = [await fit(data, options), await fit(data, { ...options, unit: false })];
    const before = firstWeights({ ...held.coder }, 0).W_dec.data as Float32Array;
    rows(held).forEach((row, i) => {
      const w = before.subarray(i * D, (i + 1) * D);
      const g = rows(free)[i].map((value, j) => w[j] - value);
      const along = g.reduce((sum, value, j) => sum + value * w[j], 0);
      const stepped = w.map((value, j) => value - (g[j] - along * w[j]));
      const norm = normOf(stepped);
      expect(off([...row], [...stepped.map(value => value / norm)])).toBeLessThan(1e-6);
    });
  });
});

describe('normalization', () => {
  test('makes training the same in any unit, and is folded back', async () => {
    const scaled = {
      x: tensor(
        data.x.toFloat32OrWider().map(value => 256 * value),
        data.x.dims,
      ),
      y: tensor(
        data.y.toFloat32OrWider().map(value => value / 64),
        data.y.dims,
      ),
    };
    const architecture = batchTopK({ k: 3 });
    const [plain, other] = [
      await fit(data, { ...common, architecture, skip: true }),
      await fit(scaled, { ...common, architecture, skip: true }),
    ];
    // powers of two: bit by bit
    expect(other.history!.metrics.loss).toEqual(plain.history!.metrics.loss);
    const [small, large] = [await plain.reconstruct(data.x), await other.reconstruct(scaled.x)];
    expect(
      off(
        large.toNumbers().map(value => 64 * value),
        small.toNumbers(),
      ),
    ).toBeLessThan(1e-4);
    expect(normOf(plain.weights.W_dec.at(0).data as Float32Array)).toBeCloseTo(1, 5);
  });
});

describe('a run', () => {
  test.each([
    ['in blocks', 100],
    ['once for all', 100_000],
  ])(
    'goes on bit by bit where it was saved: thresholds, silence, rows of a model read %s',
    async (_, buffer) => {
      const options = {
        ...common,
        from: 'embed',
        to: 'out',
        data: { tokens },
        examples: 4,
        buffer,
        features: 24,
        architecture: batchTopK({ k: 1 }),
        deadAfter: 64,
        warmup: 0,
        every: 7,
      } satisfies TranscoderOptions;
      const whole = await fit(model, options);
      const folder = join(root, `run ${buffer}`);
      const part = await fit(model, { ...options, checkpoint: folder, onStep: ({ step }) => step < 11 });
      expect([part.history!.steps, part.history!.ended]).toEqual([11, 'onStep']);
      const resumed = await fit(model, { ...options, checkpoint: folder });
      expect(values(resumed)).toEqual(values(whole));
      expect(resumed.history!.flat()).toEqual(whole.history!.flat());
      expect(whole.history!.metrics.dead.some(share => share > 0)).toBe(true);
      expect(whole.weights.threshold.toNumbers()[0]).toBeGreaterThan(0);
      await expect(fit(model, { ...options, checkpoint: folder, features: 13 })).rejects.toThrow(
        'belongs to another run: its architecture is batchTopK(k 1), 24 features; expected batchTopK(k 1), 13 features',
      );
    },
  );

  test('gives what there is when it is interrupted', async () => {
    let asked = 0;
    const host = { display() {}, clear() {}, enterNative() {}, leaveNative() {} };
    setHost(
      Object.defineProperty({ ...host, interrupted: false }, 'interrupted', { get: () => ++asked > 5 }),
    );
    const t = await fit(data, { ...common, steps: 1000 }).finally(() => setHost(undefined));
    expect([t.history!.steps, t.history!.ended]).toEqual([5, 'interrupt']);
    expect((await t.encode(data.x)).dims).toEqual([256, F]);
  });

  test('ends with its data', async () => {
    const batches = [0, 1, 2].map(i => ({
      x: data.x.at(i).reshape([1, D]),
      y: data.y.at(i).reshape([1, D]),
    }));
    const t = await fit(
      (function* () {
        yield* batches;
      })(),
      { ...common, batch: 1, middle: 'zero' },
    );
    expect([t.history!.steps, t.history!.ended]).toEqual([3, 'data']);
  });

  test('brings dead features back to life, each way', async () => {
    const dying = { ...common, steps: 60, architecture: topK({ k: 1 }), deadAfter: 10 * N, features: 200 };
    const dead = async (revive: TranscoderOptions['revive']) =>
      (await fit(data, { ...dying, revive })).history!.recent('dead');
    const left = await dead(false);
    expect(left).toBeGreaterThan(0.05);
    expect(await dead(resampling({ every: 12 }))).toBeLessThan(left);
    const { history } = await fit(data, { ...dying, revive: ghosts() });
    expect(history!.metrics.revival.some(value => value > 0)).toBe(true);
  });
});

describe('what is trained', () => {
  test('a skip transcoder takes what is linear', async () => {
    const linearly = {
      x: data.x,
      y: tensor(
        data.x.toFloat32OrWider().map(value => 3 * value),
        data.x.dims,
      ),
    };
    const options = { ...common, architecture: topK({ k: 1 }), steps: 300, optimizer: adam({ lr: 0.03 }) };
    const fvu = async (skip: boolean) => (await fit(linearly, { ...options, skip })).history!.recent('fvu');
    expect(await fvu(true)).toBeLessThan(0.01);
    expect(await fvu(false)).toBeGreaterThan(0.2);
  });

  test('a crosscoder reads and writes several sites', async () => {
    const t = await fit(model, {
      ...common,
      from: ['embed', 'post'],
      to: ['pre', 'out'],
      data: { tokens },
      architecture: relu({ l1: 0.01 }),
      steps: 200,
      optimizer: adam({ lr: 0.02 }),
    });
    expect([t.coder.inputs, t.coder.outputs]).toEqual([
      [6, 12],
      [12, 6],
    ]);
    expect(t.weights.W_enc.dims).toEqual([18, F]);
    expect(t.history!.recent('fvu')).toBeLessThan(0.3);
    const { sites } = await model.run({ tokens }, { read: ['embed', 'post'] });
    const beside = (a: Tensor, b: Tensor) =>
      tensor(
        (a.toArray() as number[][]).flatMap((row, i) => [...row, ...(b.toArray() as number[][])[i]]),
        [320, 18],
      );
    const x = beside(sites.embed.reshape([320, 6]), sites.post.reshape([320, 12]));
    expect((await t.reconstruct(x)).dims).toEqual([320, 18]);
  });

  test('rows of a store, of data and of a model are the same rows', async () => {
    const recorder = await Recorder.open({ to: undefined, dtype: 'float32', fingerprint: '' });
    for await (const table of readings(model, { tokens }, { read: ['embed', 'out'] }))
      await recorder.append(table);
    const store = await recorder.close(true);
    const { sites } = await model.run({ tokens }, { read: ['embed', 'out'] });
    const held = { embed: sites.embed.reshape([320, D]), out: sites.out.reshape([320, D]) };
    const options = { ...common, from: 'embed', to: 'out', batch: 320, steps: 1, unit: false };
    const loss = async (source: Parameters<typeof fit>[0], more = {}) =>
      (await fit(source, { ...options, ...more })).history!.metrics.loss[0];
    const wanted = await loss(held);
    expect(await loss(store)).toBeCloseTo(wanted, 4);
    expect(await loss(model, { data: { tokens }, examples: 40 })).toBeCloseTo(wanted, 4);
  });

  test('mistakes say what they are', async () => {
    const fails = (options: Partial<TranscoderOptions>, source: Parameters<typeof fit>[0] = data) =>
      expect(fit(source, { ...common, ...options })).rejects;
    await fails({ features: 0 }).toThrow('features: 0; expected a whole number from 1');
    await fails({ to: 'x', skip: true }).toThrow('skip: true for an autoencoder');
    await fails({ to: 'z' }).toThrow('unknown site: z; nearest: x, y');
    await fails({}, model).toThrow('a model needs `data` to be run on');
    await fails({ from: 'embeds', data: { tokens } }, model).toThrow('unknown site: embeds; nearest: embed');
    await fails({ from: 'embed', to: 'out', data: { tokens }, batch: 512 }, model).toThrow(
      'the data ended before the first 512 rows',
    );
    await fails({ optimizer: sgd({ lr: 1e30 }) }).toThrow(/loss is (NaN|Infinity) at step/);
    const flat = { x: tensor(new Float32Array(64 * D), [64, D]), y: data.y };
    await fails({}, { ...flat, y: flat.x }).toThrow('the rows cannot be normalized');
  });
});
