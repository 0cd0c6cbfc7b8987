/**
 * A 3×3 convolution, 64→64 channels on 8×56×56: forward, gradient of the input and of the weights, against PyTorch
 * eager and compiled. Each gradient is computed alone, without the forward pass, on both sides.
 */
import { Model, nn } from 'neuronbook';
import { best, floats, ofMatmulRate, peer, report } from './compare.js';

const picture = [8, 64, 56, 56];
const x = floats(...picture);
const dy = floats(...picture);
const w = floats(64, 64, 3, 3);
/** Of each of the three, in its direct form. */
const multiplyAdds = 8 * 56 * 56 * 64 * 64 * 9;

const layer = new Model(
  'convolution',
  nn.network(nn.conv('y', { channels: 64, bias: false }), { inputs: { x: picture } }),
);
/** The same with its kernel as an input, so that it can be differentiated. */
const free = new Model(
  'convolution',
  nn.network(
    {
      build: ({ x, w }, scope) => ({
        y: scope.site('y', 'Conv', [x, w], { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n] }),
      }),
    },
    { inputs: { x: picture, w: [64, 64, 3, 3] } },
  ),
);

const ours: Record<string, () => Promise<unknown>> = {
  forward: () => layer.run({ x }),
  'input gradient': () => layer.vjp({ x }, { of: { y: dy }, at: ['x'] }),
  'weight gradient': () => free.vjp({ x, w }, { of: { y: dy }, at: ['w'] }),
};
for (const [name, work] of Object.entries(ours)) {
  const before = await best(work);
  const { eager, compiled } = JSON.parse(peer('convolution', name)) as { eager: number; compiled: number };
  const ms = Math.min(before, await best(work));
  const share = await ofMatmulRate(multiplyAdds, ms);
  report(`convolution ${name}`, ms, 'PyTorch eager, the same', eager, share);
  report(`convolution ${name}`, ms, 'PyTorch compiled, the same', compiled, share);
}
