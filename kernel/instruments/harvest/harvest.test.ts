/** Harvesting: rows as the model gives them, parts on disk, going on, and memory that stays flat. */
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from 'vitest';
import { setHost } from '../../base/host.ts';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { openActivations } from '../../data/activations/recorder.ts';
import { ablate } from '../../model/edits.ts';
import { Model } from '../../model/model.ts';
import { attention, conv, embedding, flatten, linear, network, relu, sequential } from '../../nn/index.ts';
import { harvest } from './harvest.ts';
import {
  folder,
  interruptedAfter,
  LENGTH,
  model,
  quiet,
  removeRoot,
  root,
  tokensOf,
} from './testing-harvest.ts';

afterAll(removeRoot);

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
