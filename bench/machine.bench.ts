/**
 * What this machine can do, whoever asks: a matrix product, a convolution and a pass over memory, through ONNX Runtime
 * as the library calls it and through PyTorch. A step that is made of matrix products cannot beat PyTorch by more than
 * the first of these ratios says; docs/speed.md tells how to read the rest by it.
 */
import { Model, nn, ops } from 'neuronbook';
import { best, floats, peer, report, squareProduct } from './compare.js';

const picture = [8, 64, 56, 56];
const passes = 8;
const length = 2 ** 22;

function convolution(): () => Promise<unknown> {
  const inputs = { x: picture };
  const model = new Model('convolution', nn.network(nn.conv('y', { channels: 64, bias: false }), { inputs }));
  const x = floats(...picture);
  return () => model.run({ x });
}

/** Products one after another, each of which reads two vectors and writes a third; of the last, one number comes out. */
function memory(): () => Promise<unknown> {
  const model = new Model(
    'passes',
    nn.network(
      {
        build({ x }) {
          let y = x;
          for (let pass = 0; pass < passes; pass++) y = ops.mul(y, x);
          return { y: ops.slice(y, [0], [1]) };
        },
      },
      { inputs: { x: [length] } },
    ),
  );
  const x = floats(length);
  return () => model.run({ x });
}

const megabytes = (3 * 4 * length) / 1e6;
const ours: Record<string, { work: () => Promise<unknown>; times: number; more: (ms: number) => object }> = {
  'matmul 1024²': {
    work: squareProduct(1024),
    times: 1,
    more: ms => ({ gmac_per_s: +(1024 ** 3 / ms / 1e6).toFixed(1) }),
  },
  'convolution 3×3 64→64 8×56×56': {
    work: convolution(),
    times: 1,
    more: ms => ({ gmac_per_s: +((8 * 56 * 56 * 64 * 64 * 9) / ms / 1e6).toFixed(1) }),
  },
  'elementwise pass 4 M floats': {
    work: memory(),
    times: passes,
    more: ms => ({ gb_per_s: +(megabytes / ms).toFixed(1) }),
  },
};

for (const [name, { work, times, more }] of Object.entries(ours)) {
  const before = await best(work);
  const theirs = Number(peer('machine', name));
  const ms = Math.min(before, await best(work)) / times;
  report(`machine ${name}`, ms, 'PyTorch eager, the same', theirs, more(ms));
}
