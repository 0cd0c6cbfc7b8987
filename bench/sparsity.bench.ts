/**
 * Sparse MLPs against the same MLP whole, both in ONNX Runtime: matrices cut to a core of units (`sparsity.compact`), and
 * rows gathered for each word anew (`sparsity.gathered`), for one word and for 64 at a time. Below 1 the sparse one wins.
 * PyTorch's dense MLP stands beside the whole one, so that the whole one is no straw man.
 */
import { Model, nn, sparsity } from 'neuronbook';
import { best, floats, peer, report } from './compare.js';

const [width, hidden] = [512, 4096];
const whole = 'ONNX Runtime, the whole MLP';

const mlps = {
  relu: nn.mlp('mlp', { hidden, activation: 'relu', bias: false }),
  gated: nn.gatedMlp('mlp', { hidden }),
};

for (const [kind, layer] of Object.entries(mlps)) {
  const graph = nn.network(layer, { inputs: { x: ['batch', 'position', width] }, seed: 1 });
  const model = new Model(kind, graph);
  for (const words of [1, 64]) {
    const x = floats(1, words, width);
    const time = (of: Model) => best(() => of.run({ x }), 30, 6);
    const dense = await time(model);
    const torch = Number(peer('mlp', kind, String(width), String(hidden), String(words)));
    report(`${kind} MLP ${width}→${hidden}, ${words} words, whole`, dense, 'PyTorch eager', torch);
    for (const share of [0.5, 0.25, 0.1, 0.03]) {
      const k = Math.round(share * hidden);
      const units = Array.from({ length: k }, (_, i) => Math.floor(i / share));
      const what = `${kind} MLP ${width}→${hidden}, ${words} words, ${100 * share} % of the units`;
      report(`${what}: compact`, await time(model.edit(sparsity.compact(model, 'mlp', units))), whole, dense);
      // 64 words gather 64 times the rows: told once, at the sparsest, where it is least bad
      if (words > 1 && share > 0.03) continue;
      report(
        `${what}: gathered rows`,
        await time(model.edit(sparsity.gathered(model, 'mlp', { k }))),
        whole,
        dense,
      );
    }
    model.dispose();
  }
}
