/**
 * One step of feature visualization on a SqueezeNet-class network at 224 pixels, against the same computation in
 * PyTorch eager: Fourier parameters, decorrelated colour, a random affine resampling, the network up to the site,
 * the mean of one channel, the gradient, Adam. Runs alternate; medians are compared.
 * @see https://arxiv.org/abs/1602.07360 (SqueezeNet; layout of version 1.1)
 */
import { performance } from 'node:perf_hooks';
import { Model, nn, viz } from 'neuronbook';
import { ofMatmulRate, peer, report } from './compare.js';

const fire = (name: string, squeeze: number, expand: number) =>
  nn.sequential(
    nn.conv(`${name}.squeeze`, { channels: squeeze, kernel: 1 }),
    nn.relu(`${name}.squeeze.relu`),
    nn.parallel(
      name,
      nn.sequential(nn.conv(`${name}.one`, { channels: expand, kernel: 1 }), nn.relu(`${name}.one.relu`)),
      nn.sequential(nn.conv(`${name}.three`, { channels: expand, kernel: 3 }), nn.relu(`${name}.three.relu`)),
    ),
  );

const graph = nn.network(
  nn.sequential(
    nn.conv('conv1', { channels: 64, stride: 2, pad: 0 }),
    nn.relu('relu1'),
    nn.maxPool('pool1', { size: 3, stride: 2 }),
    fire('fire2', 16, 64),
    fire('fire3', 16, 64),
    nn.maxPool('pool3', { size: 3, stride: 2 }),
    fire('fire4', 32, 128),
    fire('fire5', 32, 128),
    nn.maxPool('pool5', { size: 3, stride: 2 }),
    fire('fire6', 48, 192),
    fire('fire7', 48, 192),
    fire('fire8', 64, 256),
    fire('fire9', 64, 256),
  ),
  {
    inputs: { image: ['batch', 3, 224, 224] },
    image: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
);
const model = new Model('squeezenet', graph);

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
