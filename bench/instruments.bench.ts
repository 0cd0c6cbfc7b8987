/**
 * Sparse coders and what feeds them, each beside PyTorch doing the same: one training step of a TopK transcoder at four
 * sizes (Adam, decoder rows held at norm 1, their gradient's parallel part removed, silence counted), a harvest of one site,
 * and a forward pass with a site patched. Ours and the peer's take turns; the shortest counts.
 */
import { performance } from 'node:perf_hooks';
import { adam, Model, nn, patch, transcoder, type Tensor } from 'neuronbook';
import { best, floats, integers, ofMatmulRate, peer, report } from './compare.js';

/** Width, features, rows in a batch, how many steps are timed. */
const sizes: readonly (readonly [number, number, number, number])[] = [
  [64, 512, 512, 40],
  [128, 2048, 1024, 20],
  [256, 4096, 1024, 12],
  [512, 16384, 1024, 5],
];
const k = 32;

/** The shortest of the steps, in milliseconds. */
async function step([width, features, rows, count]: (typeof sizes)[number]): Promise<number> {
  const batch: Record<string, Tensor> = { x: floats(rows, width), y: floats(rows, width) };
  const times: number[] = [];
  let last = performance.now();
  await transcoder.fit(() => batch, {
    from: 'x',
    to: 'y',
    features,
    architecture: transcoder.topK({ k }),
    optimizer: adam({ lr: 1e-3 }),
    batch: rows,
    steps: 4 + count,
    revive: false,
    live: false,
    onStep() {
      times.push(performance.now() - last);
      last = performance.now();
    },
  });
  return Math.min(...times.slice(4));
}

for (const size of sizes) {
  const [width, features, rows, count] = size;
  const before = await step(size);
  const theirs = Number(peer('instruments', 'step', ...[width, features, rows, k, count].map(String)));
  const ours = Math.min(before, await step(size));
  const share = await ofMatmulRate(6 * rows * width * features, ours);
  report(`transcoder step ${width}→${features}→${width}, ${rows} rows`, ours, 'PyTorch eager, the same step', theirs, share); // prettier-ignore
}

const [layers, width, vocabulary, batch, length] = [4, 256, 1024, 16, 128];
const graph = nn.gpt2({ layers, width, heads: 4, vocabulary, context: length });
const model = new Model('gpt', graph);
const tokens = integers(vocabulary, batch, length);
const site = 'blocks.2.mlp.post';
const changed = model.edit(patch(site, floats(1, 1, 4 * width)));
const work: Record<string, () => Promise<unknown>> = {
  harvest: () => model.run({ tokens }, { read: [site], outputs: [] }),
  'patched forward': () => changed.run({ tokens }),
};
for (const [name, ours] of Object.entries(work)) {
  const before = await best(ours);
  const theirs = Number(peer('instruments', name, ...[layers, width, vocabulary, batch, length].map(String)));
  report(`${name} gpt-l4-d256`, Math.min(before, await best(ours)), 'PyTorch eager, with a hook', theirs);
}
