/**
 * Reading one site of a 6-layer GPT, d = 512, V = 4096, 16×128 tokens, against TransformerLens: the whole forward pass,
 * and the pass that ends at the site. TransformerLens runs `run_with_cache` with that one name and stops behind it.
 */
import { Model, nn, rng, tensor } from 'neuronbook';
import { best, peer, report } from './compare.js';

const [layers, width, vocabulary, batch, length] = [6, 512, 4096, 16, 128];
const site = `blocks.${layers - 1}.mlp.post`;
const graph = nn.gpt2({ layers, width, heads: 8, vocabulary, context: length });
const model = new Model('gpt', graph);
const random = rng(0);
const tokens = tensor(
  BigInt64Array.from({ length: batch * length }, () => BigInt(random.integer(vocabulary))),
  [batch, length],
);

const forward = () => model.run({ tokens });
const harvest = () => model.run({ tokens }, { read: [site], outputs: [] });
const before = [await best(forward), await best(harvest)];
const theirs = JSON.parse(peer('harvest')) as { forward: number; harvest: number };
const ours = [Math.min(before[0], await best(forward)), Math.min(before[1], await best(harvest))];
report('forward gpt-l6-d512', ours[0], 'TransformerLens, the same network', theirs.forward);
report('harvest gpt-l6-d512', ours[1], 'TransformerLens run_with_cache, one name', theirs.harvest);
