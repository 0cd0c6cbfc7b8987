/** Harvesting: rows as the model gives them, parts on disk, queries, batches, going on, and memory that stays flat. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setHost, type Host } from '../../base/host.ts';
import { rng, type Rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { openActivations } from '../../data/activations/recorder.ts';
import { names } from '../../data/names.ts';
import { reachableLoss } from '../../data/writer.ts';
import { ablate } from '../../model/edits.ts';
import { Model } from '../../model/model.ts';
import { attention, conv, embedding, flatten, linear, network, relu, sequential } from '../../nn/index.ts';
import { adamW, crossEntropy, fit, mse } from '../../train/index.ts';
import { harvest } from './harvest.ts';

const LENGTH = 16;
const model = new Model(
  'small',
  network(
    sequential(
      embedding('embed', { count: 50, features: 8 }),
      linear('pre', { features: 12 }),
      relu('post'),
      linear('logits', { features: 50 }),
    ),
    { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' }, seed: 3 },
  ),
);
const tokensOf = (count: number, seed: number | string = 1): Tensor => {
  const random = rng(seed);
  return tensor(
    BigInt64Array.from({ length: count * LENGTH }, () => BigInt(random.integer(50))),
    [count, LENGTH],
  );
};

let root: string;
let fresh = 0;
const folder = () => join(root, `acts${fresh++}`);
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'neuronbook-acts-'))));
afterAll(() => rmSync(root, { recursive: true }));
const quiet = { live: false } as const;

/** A host that counts how often it was asked, and is interrupted from the `after`-th time on. */
const interruptedAfter = (after: number): Host => {
  let asked = 0;
  return {
    display() {},
    clear() {},
    enterNative() {},
    leaveNative() {},
    get interrupted() {
      return ++asked >= after;
    },
  };
};

describe('rows', () => {
  test('are what the model says, one a position, in memory and on disk alike', async () => {
    const tokens = tokensOf(10);
    const { sites } = await model.run({ tokens }, { read: ['pre', 'post'] });
    for (const to of [undefined, folder()]) {
      const acts = await harvest(model, { tokens }, { read: ['pre', 'post'], batch: 4, to, ...quiet });
      expect(acts.rows).toBe(160);
      const all = await acts.slice(0);
      expect(all.post.dims).toEqual([160, 12]);
      expect(all.post.data).toEqual(sites.post.data);
      expect(all.pre.data).toEqual(sites.pre.data);
      expect(all.token.data).toEqual(tokens.data);
      expect(all.example.toNumbers()).toEqual(Array.from({ length: 160 }, (_, i) => Math.floor(i / 16)));
      expect(all.position.toNumbers()).toEqual(Array.from({ length: 160 }, (_, i) => i % 16));
      const middle = await acts.slice(60, 70);
      expect(middle.post.toNumbers()).toEqual(sites.post.toNumbers().slice(60 * 12, 70 * 12));
    }
  });

  test('a picture gives a row for each place, channels as the vector', async () => {
    const net = new Model(
      'pictures',
      network(sequential(conv('conv1', { channels: 3 }), relu('relu1'), flatten('flat')), {
        inputs: { image: ['batch', 2, 4, 5] },
      }),
    );
    const image = tensor(
      Float32Array.from({ length: 240 }, (_, i) => Math.sin(i)),
      [6, 2, 4, 5],
    );
    const acts = await harvest(net, { image, label: tokensOf(6) }, { read: ['conv1'], ...quiet });
    expect([acts.rows, acts.width('conv1')]).toEqual([120, 3]);
    const [{ conv1, position }, { sites }] = [
      await acts.slice(0),
      await net.run({ image }, { read: ['conv1'] }),
    ];
    const wanted = sites.conv1.at(5).toArray() as number[][][];
    expect(position.toNumbers().slice(100, 103)).toEqual([0, 1, 2]);
    expect(conv1.at(100 + 5 + 2).toNumbers()).toEqual([0, 1, 2].map(c => wanted[c][1][2]));
    await expect(
      harvest(net, { image }, { read: ['conv1', 'flat'], ...quiet }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: sites differ in rows: conv1 has 20 an example, flat 1; harvest them apart]`,
    );
  });

  test('heads stand side by side, also where there are as many as positions', async () => {
    const net = new Model(
      'heads',
      network(
        sequential(
          embedding('embed', { count: 50, features: 8 }),
          attention('attn', { heads: 4, causal: true }),
        ),
        { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' } },
      ),
    );
    const tokens = tensor(
      BigInt64Array.from({ length: 12 }, (_, i) => BigInt(i)),
      [3, 4],
    );
    const read = ['attn.z', 'attn.pattern'];
    const [{ sites }, acts] = [
      await net.run({ tokens }, { read }),
      await harvest(net, { tokens }, { read, ...quiet }),
    ];
    expect(acts.widths).toEqual({ 'attn.z': 8, 'attn.pattern': 16 });
    const all = await acts.slice(0);
    // z is N×T×H×D already; the pattern is N×H×T×S
    expect(all['attn.z'].data).toEqual(sites['attn.z'].data);
    const pattern = sites['attn.pattern'].toArray() as number[][][][];
    expect(all['attn.pattern'].toArray()).toEqual(
      [0, 1, 2].flatMap(n => [0, 1, 2, 3].map(t => pattern[n].flatMap(head => head[t]))),
    );
    const vision = new Model(
      'vision',
      network(attention('attn', { heads: 4 }), { inputs: { x: ['batch', 4, 8] } }),
    );
    const x = tensor(
      Float32Array.from({ length: 96 }, (_, i) => i / 96),
      [3, 4, 8],
    );
    await expect(harvest(vision, { x }, { read: ['attn.z'], ...quiet })).rejects.toThrow(
      'say which `axis` counts positions',
    );
    expect((await harvest(vision, { x }, { read: ['attn.z'], axis: 1, ...quiet })).rows).toBe(12);
  });

  test('half precision rounds to the nearest half and takes much less room', async () => {
    const net = new Model(
      'pre',
      network(linear('pre', { features: 12 }), { inputs: { x: ['batch', 16, 8] } }),
    );
    const random = rng('half');
    const x = tensor(
      Float32Array.from({ length: 300 * 128 }, () => random.normal()),
      [300, 16, 8],
    );
    const [wide, narrow] = [
      await harvest(net, { x }, { read: ['pre'], to: folder(), ...quiet }),
      await harvest(net, { x }, { read: ['pre'], to: folder(), dtype: 'float16', ...quiet }),
    ];
    const [exact, rounded] = [(await wide.slice(0)).pre.toNumbers(), (await narrow.slice(0)).pre.toNumbers()];
    expect(rounded).not.toEqual(exact);
    // half an ulp of ten fraction bits, at most
    const off = exact.map((value, i) => Math.abs(rounded[i] - value) - Math.abs(value) / 2048);
    expect(off.reduce((a, b) => Math.max(a, b))).toBeLessThan(1e-7);
    expect(narrow.bytes).toBeLessThan(0.6 * wide.bytes);
  });
});

describe('a store', () => {
  test('shows itself, and answers SQL', async () => {
    const tokens = tokensOf(40);
    for (const to of [undefined, folder()]) {
      const acts = await harvest(model, { tokens }, { read: ['post'], to, partBytes: 8192, ...quiet });
      expect(
        String(acts)
          .replace(root, '…')
          .replace(/[\d.]+ kB/, '# kB'),
      ).toBe(
        `activations: 640 rows, # kB ${to ? '…/' + to.slice(root.length + 1).replace(/.*\//, '') : 'in memory'}\n  post  ×12`.replace(
          '# kB …',
          '# kB in …',
        ),
      );
      const { post, token } = await acts.slice(0);
      const mean = post.toNumbers().reduce((sum, value, i) => (i % 12 === 4 ? sum + value : sum), 0) / 640;
      const [row] = await acts.query(
        'select count(*) as n, avg(post[5]) as mean, max(token) as top from acts',
      );
      expect(row).toEqual({ n: 640, mean: expect.closeTo(mean, 6), top: Math.max(...token.toNumbers()) });
      await expect(acts.query('select nothing from acts')).rejects.toThrow(/query failed: .*nothing/);
    }
  });

  test('gives every row once in a pass, in an order of its own, the same for the same seed', async () => {
    const acts = await harvest(
      model,
      { tokens: tokensOf(80) },
      { read: ['post'], to: folder(), partBytes: 8192, ...quiet },
    );
    const pass = async (options: object) => {
      const ids: number[] = [];
      for await (const { example, position, post } of acts.batches({ size: 64, window: 3, ...options })) {
        expect(post.dims).toEqual([64, 12]);
        position.toNumbers().forEach((at, i) => ids.push(Number(example.data[i]) * LENGTH + at));
      }
      return ids;
    };
    const inOrder = Array.from({ length: 80 * LENGTH }, (_, i) => i);
    const shuffled = await pass({ shuffle: 5 });
    expect(await pass({ shuffle: false })).toEqual(inOrder);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(inOrder);
    expect(shuffled).not.toEqual(inOrder);
    expect(await pass({ shuffle: 5 })).toEqual(shuffled);
    // passes differ, and any step can be asked for alone
    const draw = acts.draw({ size: 64, shuffle: 5, window: 3 });
    const example = async (step: number) => (await draw(step)).example.toNumbers();
    expect(await example(20)).not.toEqual(await example(0));
    expect(
      await acts
        .draw({ size: 64, shuffle: 5, window: 3 })(7)
        .then(batch => batch.example.toNumbers()),
    ).toEqual(await example(7));
    expect(() => acts.draw({ size: 4000 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: batch of 4000 rows; expected 1 to 1280, all that there are]`,
    );
    expect(() => acts.width('past')).toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown harvested site: past; nearest: post]`,
    );
  });
});

describe('a harvest', () => {
  const tokens = tokensOf(200);
  const options = { read: ['post'], batch: 4, partBytes: 8192, ...quiet };

  test('stops at an interrupt with what it has, and goes on from there', async () => {
    const to = folder();
    setHost(interruptedAfter(20));
    const part = await harvest(model, { tokens }, { ...options, to }).finally(() => setHost(undefined));
    expect(part.rows).toBeGreaterThan(0);
    expect(part.rows).toBeLessThan(200 * LENGTH);
    const runs: number[] = [];
    const counting = new Proxy(model, {
      get: (target, key) =>
        key === 'run'
          ? (...args: Parameters<Model['run']>) => (runs.push(1), target.run(...args))
          : (Reflect.get(target, key) as unknown),
    });
    const whole = await harvest(counting, { tokens }, { ...options, to });
    expect(whole.rows).toBe(200 * LENGTH);
    expect(runs.length).toBe(50 - part.rows / LENGTH / 4);
    expect((await whole.slice(0)).post.data).toEqual(
      (await harvest(model, { tokens }, options).then(all => all.slice(0))).post.data,
    );
    // all there: nothing is run again
    expect((await harvest(counting, { tokens }, { ...options, to })).rows).toBe(200 * LENGTH);
    expect(runs.length).toBe(50 - part.rows / LENGTH / 4);
  });

  test('keeps what was read where the data fails', async () => {
    const to = folder();
    const failing = (step: number) => {
      if (step === 30) throw new Error('no more data');
      return { tokens: tokensOf(4, step) };
    };
    await expect(harvest(model, failing, { ...options, batches: 50, to })).rejects.toThrow('no more data');
    expect((await openActivations(to)).rows).toBe(30 * 4 * LENGTH);
  });

  test('takes batches that come one by one, and stops at a number of rows', async () => {
    const made = async function* () {
      for (let i = 0; ; i++) yield { tokens: tokensOf(2, i) };
    };
    const acts = await harvest(model, made(), { read: ['post'], rows: 100, ...quiet });
    expect(acts.rows).toBe(128);
  });

  test('does not mix two harvests in one folder', async () => {
    const to = folder();
    await harvest(model, { tokens }, { ...options, to });
    const again = (net: Model, data: Tensor, more = {}) =>
      harvest(net, { tokens: data }, { ...options, to, ...more });
    await expect(again(model.edit(ablate('embed', { channels: [1] })), tokens)).rejects.toThrow(
      'holds another harvest',
    );
    await expect(again(model, tokensOf(200, 2))).rejects.toThrow('holds another harvest');
    expect((await again(model, tokensOf(8, 2), { overwrite: true })).rows).toBe(128);
    const other = folder();
    writeFileSync(`${root}/thesis.txt`, 'precious');
    await expect(harvest(model, { tokens }, { ...options, to: root })).rejects.toThrow('is not empty');
    await expect(openActivations(other)).rejects.toThrow('holds no activations');
    await expect(harvest(model, () => ({ tokens }), { ...options })).rejects.toThrow(
      'say how many `batches`',
    );
    await expect(
      harvest(model, { words: tokens }, { ...options }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown input: words; nearest: tokens; the data needs an entry for each input of the model]`,
    );
  });

  test('broken stores say what is wrong', async () => {
    const to = folder();
    await harvest(model, { tokens }, { ...options, to });
    const [first] = readdirSync(to).filter(name => name.endsWith('.parquet'));
    truncateSync(join(to, first), 300);
    const acts = await openActivations(to);
    await expect(acts.slice(0, 10)).rejects.toThrow(/cannot read .*part-000000.parquet: .*No magic bytes/);
    const manifest = join(to, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    for (const [broken, why] of [
      [text.slice(0, 200), /is not a store of activations: .*JSON/],
      [text.replace('part-000001.parquet', '../../secret.parquet'), /expected file, rows and bytes/],
      [text.replace('"version": 1', '"version": 9'), /expected neuronbook.activations 1/],
    ] as const) {
      writeFileSync(manifest, broken);
      await expect(openActivations(to)).rejects.toThrow(why);
    }
    expect(existsSync(join(to, '..', 'secret.parquet'))).toBe(false);
  });
});

describe('training', () => {
  const live = false;

  test('takes what was harvested, batch by batch from disk', async () => {
    const acts = await harvest(
      model,
      { tokens: tokensOf(80) },
      { read: ['pre', 'post'], to: folder(), ...quiet },
    );
    const net = network(linear('out', { features: 12 }), { inputs: { pre: ['batch', 12] } });
    const loss = mse({ output: 'out', target: 'post' });
    const { losses } = await fit(net, acts.draw({ size: 128 }), {
      loss,
      optimizer: adamW({ lr: 0.03 }),
      steps: 60,
      live,
    });
    expect(losses.at(-1)!).toBeLessThan(losses[0] / 3);
  });

  test('takes a made-up language, whose reachable loss is a bound', async () => {
    const net = network(
      sequential(
        embedding('embed', { count: names.vocabulary.size, features: 16 }),
        linear('logits', { features: names.vocabulary.size }),
      ),
      { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' } },
    );
    const data = (_step: number, stream: Rng) => names.batch(stream, 16);
    const { losses } = await fit(net, data, {
      loss: crossEntropy(),
      optimizer: adamW({ lr: 0.03 }),
      steps: 80,
      live,
    });
    const { logProbability, mask } = names.batch(rng(1), 200);
    const reachable = reachableLoss({
      logProbability,
      mask: tensor(new Float32Array(mask.size).fill(1), mask.dims),
    });
    expect(losses.at(-1)!).toBeLessThan(0.6 * losses[0]);
    expect(losses.at(-1)!).toBeGreaterThan(reachable);
  });
});

describe('memory', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;

  /** The largest growth of live array memory, in MB, while 20,480 tokens at width 256 are read: 21 MB of values. */
  async function growth(to: string | undefined): Promise<number> {
    const wide = new Model(
      'wide',
      network(sequential(embedding('embed', { count: 50, features: 8 }), linear('wide', { features: 256 })), {
        inputs: { tokens: ['batch', 'length'] },
        dtypes: { tokens: 'int64' },
      }),
    );
    let [base, most] = [0, 0];
    const data = (step: number) => {
      gc();
      const { arrayBuffers } = process.memoryUsage();
      if (step === 4) base = arrayBuffers;
      if (step > 4) most = Math.max(most, arrayBuffers - base);
      return { tokens: tokensOf(64, step) };
    };
    await harvest(wide, data, { read: ['wide'], batches: 20, to, partBytes: 2 ** 21, ...quiet });
    return most / 1e6;
  }

  test('stays flat on the way to disk, and does not where everything is kept', async () => {
    // room for a batch (1 MB) in three stages: the run's output, its rows, and the copy that DuckDB takes
    expect(await growth(folder())).toBeLessThan(6);
    // the measure sees what is kept: 15 batches of 1 MB since the base was taken
    expect(await growth(undefined)).toBeGreaterThan(12);
  });
});
