/**
 * One step of feature visualization on a SqueezeNet-class network at 224 pixels, against the same computation in
 * PyTorch eager: Fourier parameters, decorrelated colour, a random affine resampling, the network up to the site,
 * the mean of one channel, the gradient, Adam. Runs alternate; medians are compared.
 * @see https://arxiv.org/abs/1602.07360 (SqueezeNet; layout of version 1.1)
 */
import { performance } from 'node:perf_hooks';
import { viz } from 'neuronbook';
import { ofMatmulRate, peer, report } from './compare.js';
import { squeezenet } from './squeezenet.js';

const model = squeezenet();

async function total(steps: number): Promise<number> {
  const start = performance.now();
  await viz.feature(model, 'fire9', { channel: 7, steps, live: false });
  return performance.now() - start;
}

/** The difference of a long and a short ascent: set-up and the final picture cancel. */
async function ours(): Promise<number> {
  const short = await total(5);
  return ((await total(35)) - short) / 30;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

await total(3);
const rounds: { ours: number; peer: number }[] = [];
for (let round = 0; round < 5; round++) rounds.push({ ours: await ours(), peer: Number(peer('feature')) });
const [oursMs, peerMs] = [median(rounds.map(round => round.ours)), median(rounds.map(round => round.peer))];
// forward, and the gradient of the picture
const { multiplyAdds } = model.cost({ image: [1, 3, 224, 224] });
const share = await ofMatmulRate(2 * multiplyAdds, oursMs);
report('feature', oursMs, 'PyTorch eager, the same ascent step', peerMs, share);
