/**
 * Memory of ten rewrites of a 500 MB network held at once: edits, readings and a gradient, all compiled and run. One
 * JSON line: what the process holds beyond what it held before, in units of the weights.
 */
import { Model, ablate, nn, pick, steer, tensor } from 'neuronbook';

const width = 4096;
const layers = 8;
const graph = nn.network(
  nn.sequential(
    ...Array.from({ length: layers }, (_, i) => [
      nn.linear(`layer${i}`, { features: width, bias: false, init: nn.constantly(1e-4) }),
      nn.relu(`relu${i}`),
    ]).flat(),
  ),
  { inputs: { x: ['batch', width] } },
);
const weights = layers * width * width * 4;
const resident = () => process.memoryUsage().rss;

const model = new Model('large', graph);
const x = tensor(new Float32Array(4 * width).fill(1), [4, width]);
const before = resident();
const held: Model[] = [];
for (let i = 0; i < layers; i++) {
  const edited = model.edit(
    ablate(`relu${i}`, { channels: [i] }),
    steer(`layer${i}`, new Float32Array(width), 1),
  );
  await edited.run({ x });
  held.push(edited);
}
await model.run({ x }, { read: [/^relu/] });
await model.gradient({ x }, { of: pick(`relu${layers - 1}`, [0, 0]), at: ['x', 'relu0'] });
held.push(model);
const used = resident() - before;
process.stdout.write(
  `${JSON.stringify({
    name: 'rewrites',
    rewrites: held.length + 1,
    weights_mb: Math.round(weights / 2 ** 20),
    before_mb: Math.round(before / 2 ** 20),
    added_mb: Math.round(used / 2 ** 20),
    ratio: +((weights + used) / weights).toFixed(3),
  })}\n`,
);
