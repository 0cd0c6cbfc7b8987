/**
 * Sixteen channels that ascend together in one graph, against the same sixteen one after another: a step of all of them,
 * on a small network at 48 pixels and on a SqueezeNet-class network at 224. A ratio above 1 would mean that a grid is
 * better made picture by picture.
 */
import { performance } from 'node:perf_hooks';
import { load, viz, type Model } from 'neuronbook';
import { report } from './compare.js';
import { squeezenet } from './squeezenet.js';

const channels = Array.from({ length: 16 }, (_, i) => i);

async function total(model: Model, site: string, which: readonly number[], steps: number): Promise<number> {
  const start = performance.now();
  await viz.feature(model, site, { channels: which, steps, live: false });
  return performance.now() - start;
}

/** The difference of a long and a short ascent: set-up and the final picture cancel. */
async function step(model: Model, site: string, which: readonly number[], steps: number): Promise<number> {
  const short = await total(model, site, which, 2);
  return ((await total(model, site, which, 2 + steps)) - short) / steps;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function compare(name: string, model: Model, site: string, steps: number): Promise<void> {
  const together: number[] = [];
  const apart: number[] = [];
  for (let round = 0; round < 3; round++) {
    together.push(await step(model, site, channels, steps));
    // four stand for all: each costs the same
    let four = 0;
    for (const channel of channels.slice(0, 4)) four += await step(model, site, [channel], steps);
    apart.push(4 * four);
  }
  report(name, median(together), 'neuronbook, one channel after another', median(apart));
}

await compare('16 channels, 48 pixels', await load('zoo:textures'), 'conv3', 24);
// one after another either way, so only what sixteen compilations waver by tells the two apart: more steps drown it
await compare('16 channels, 224 pixels', squeezenet(), 'fire5', 24);
