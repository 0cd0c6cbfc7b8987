/**
 * Coders of a real network: what `zoo:stories` loses when an MLP is replaced by a transcoder, and an autoencoder at equal
 * L0 beside it. One seed and few steps here; three seeds, two layers and all steps, with the figures printed:
 *
 *   STORIES=full node ../node_modules/vitest/vitest.mjs run instruments/transcoder/stories --disable-console-intercept
 *
 * The marks: at least 95 % of the loss recovered with at most a tenth of the MLP's 384 units active, fewer than a tenth
 * of the features dead on held-out stories. Whether the transcoder is as faithful as the autoencoder is reported, and
 * held to in the middle of the seeds. The control, features of random directions, recovers nothing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { stories } from '../../data/stories/stories.ts';
import type { Activations } from '../../data/activations/activations.ts';
import type { Model } from '../../model/model.ts';
import { load } from '../../model/load.ts';
import { adam, schedule } from '../../train/index.ts';
import { harvest } from '../harvest/index.ts';
import { topK } from './architectures/index.ts';
import { evaluate } from './evaluate.ts';
import { fit } from './fit.ts';

const full = process.env.STORIES === 'full';
const scale = full
  ? { blocks: [0, 1], seeds: [1, 2, 3], texts: 512, steps: 600, batch: 1024, batches: 16 }
  : { blocks: [1], seeds: [1], texts: 128, steps: 250, batch: 512, batches: 2 };
/** A tenth of the hidden width is 38. */
const [k, features, hidden] = [32, 768, 384];

let model: Model;
beforeAll(async () => {
  model = await load('zoo:stories');
});
afterAll(() => model.dispose());

async function trained(acts: Activations, from: string, to: string, seed: number, steps = scale.steps) {
  const { batch, batches } = scale;
  const t = await fit(acts, {
    from,
    to,
    features,
    architecture: topK({ k }),
    optimizer: adam({ lr: 2e-3 }),
    schedule: schedule.linear({ warmup: 50 }),
    steps,
    batch,
    seed,
    live: false,
  });
  const told = (_: number, random: ReturnType<typeof rng>) => stories.batch(random, 8);
  const worth = await evaluate(model, t, told, { batches, seed: 'held out', live: false });
  t.dispose();
  const { ceRecovered: recovered, klRecovered, l0, fvu, ce } = worth;
  const figures = {
    recovered: recovered!,
    klRecovered: klRecovered!,
    l0,
    fvu,
    dead: worth.features.dead,
    ce,
  };
  if (full) console.log(`${from} → ${to}, seed ${seed}, ${steps} steps: ${JSON.stringify(figures)}`);
  return figures;
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

test.each(scale.blocks)(
  'a transcoder stands in for the MLP of block %d, as well as an autoencoder of its output',
  async block => {
    const [from, to] = [`blocks.${block}.mlp.in`, `blocks.${block}.mlp.out`];
    const { tokens } = stories.batch(rng('learn from'), scale.texts);
    const acts = await harvest(model, { tokens }, { read: [from, to], live: false });
    const across = [];
    const within = [];
    for (const seed of scale.seeds) {
      across.push(await trained(acts, from, to, seed));
      within.push(await trained(acts, to, to, seed));
    }
    for (const { recovered, l0, dead } of across) {
      expect(recovered).toBeGreaterThanOrEqual(0.95);
      expect(l0).toBeLessThanOrEqual(hidden / 10);
      expect(dead).toBeLessThan(0.1);
    }
    const [transcoded, encoded] = [across, within].map(figures => middle(figures.map(one => one.recovered)));
    // both are near 1: what either loses is compared to a twentieth of what ablation costs
    if (full) expect(transcoded).toBeGreaterThanOrEqual(encoded - 0.005);
    const control = await trained(acts, from, to, 1, 1);
    expect(control.recovered).toBeLessThan(0.5);
  },
  3_600_000,
);
