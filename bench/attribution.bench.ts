/**
 * Integrated gradients of one picture, 50 steps in one batch, against Captum doing the same: a network of six
 * convolutions at 48 pixels. Runs of both alternate; the best of each counts.
 */
import { Model, attribution, nn, pick } from 'neuronbook';
import { best, floats, ofMatmulRate, peer, report } from './compare.js';

const widths = [32, 32, 64, 64, 128, 128];
const graph = nn.network(
  nn.sequential(
    ...widths.flatMap((channels, i) => [
      nn.conv(`conv${i}`, { channels }),
      nn.relu(`relu${i}`),
      ...(i % 2 ? [nn.averagePool(`pool${i}`, { size: 2 })] : []),
    ]),
    nn.globalAveragePool('pool'),
    nn.flatten('features'),
    nn.linear('logits', { features: 10 }),
  ),
  { inputs: { image: ['batch', 3, 48, 48] } },
);
const model = new Model('six', graph);
const image = floats(1, 3, 48, 48);
const of = pick('logits', [0, 3]);

const ours = () => attribution.integratedGradients(model, { image }, { of, steps: 50, live: false });
const rounds: { ours: number; peer: number }[] = [];
for (let round = 0; round < 3; round++)
  rounds.push({ ours: await best(ours, 7, 2), peer: Number(peer('attribution')) });
const least = (name: 'ours' | 'peer') => Math.min(...rounds.map(round => round[name]));
// 52 pictures (both ends of the path are among them), forward and back to the picture
const { multiplyAdds } = model.cost({ image: [52, 3, 48, 48] });
const share = await ofMatmulRate(2 * multiplyAdds, least('ours'));
report(
  'integrated gradients',
  least('ours'),
  'Captum 0.9 on PyTorch, 50 steps in one batch',
  least('peer'),
  share,
);
