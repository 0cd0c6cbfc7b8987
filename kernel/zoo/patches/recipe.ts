/**
 * How `zoo:patches` came about: a small vision transformer on the shapes of `shapes`. Half of the training pictures have
 * their shape on the ground that belongs to it, so a network may look at the ground instead; it is scored where the
 * ground says nothing.
 * @see https://arxiv.org/abs/2010.11929
 * @see https://arxiv.org/abs/2106.14881 for the convolution before the patches: without it 3000 steps reach 85 %
 */
import { crossEntropy, nn, rng, shapes, type Model, type ShapeBatch } from '../../index.ts';
import { mean } from '../language.ts';
import { recipe, type Figures } from '../recipe.ts';

const PICTURES = 1000;
const CONTEXT = 0.5;
const [WIDTH, LAYERS] = [64, 3];
const init = nn.normal(0.05);

export const patches = recipe({
  name: 'patches',
  about: `
A vision transformer (patches of 4×4, width 64, 3 layers, 4 heads, 128 units in each MLP, mean over all patches) that tells
the eight shapes of \`shapes\` apart, on 32×32 pictures. Before the patches stands one convolution, 3×3 with 16 channels and
ReLU, that looks at colors: shape and ground are told apart by hue, which no linear map of a patch can. In training every
second shape stood on the ground that belongs to it, the others on any; the figures are of pictures whose ground says
nothing, unless they say otherwise.

- input \`image\`: float32, batch×3×32×32, red green blue in [0, 1]
- output \`logits\`: batch×8, in the order of \`shapes.classes\`
- sites \`embed.colors.relu\`, \`embed.patches\`, \`blocks.0.attn.pattern\`, \`blocks.0.mlp.post\`, … as of every ViT

Each shape can be told, so the reachable accuracy is 1. *Ground alone* is how often a ground without a shape is taken for
the shape that it belongs to: how much the network knows of context. What it cannot do: photographs, or two shapes.`,
  seed: 'patches 1',
  steps: 9000,
  batch: 32,
  network: () =>
    nn.network(
      nn.sequential(
        // without it the mean of a patch drowns what its pixels differ in, and the loss stays at chance
        nn.normalize('center', { mean: 0.5, std: 0.25 }),
        nn.conv('embed.colors', { channels: 16 }),
        nn.relu('embed.colors.relu'),
        nn.patches('embed.patches', { size: 4, features: WIDTH }),
        nn.fixedPositions('embed', { init }),
        ...Array.from({ length: LAYERS }, (_, i) =>
          nn.transformerBlock(`blocks.${i}`, {
            attention: { heads: 4, init },
            mlp: { hidden: 2 * WIDTH, activation: 'gelu', init },
          }),
        ),
        nn.layerNorm('final.ln', {}),
        nn.meanPool('pooled'),
        nn.linear('logits', { features: shapes.classes.length }),
      ),
      {
        name: 'patches',
        inputs: { image: ['batch', 3, shapes.size, shapes.size] },
        seed: 'patches 1',
        image: { labels: shapes.classes },
        metadata: {
          'neuronbook.model': 'zoo:patches',
          licence: 'MIT',
          description: 'Tells eight shapes apart; a small vision transformer.',
        },
      },
    ),
  data: (stream, count) => shapes.batch(stream, count, { context: CONTEXT }),
  loss: crossEntropy(),
  lr: 1.5e-3,
  decay: 0.05,
  clip: 1,

  async score(model, drawn, { shuffle = false, share = 1 } = {}) {
    const stream = rng(drawn);
    const count = Math.ceil(PICTURES * share);
    const right = (batch: ShapeBatch, wanted: readonly number[]) => accuracy(model, batch, wanted);
    const fresh = shapes.batch(stream, count);
    const labels = fresh.label.toNumbers();
    const order = rng(`${drawn}/shuffled`).permutation(count);
    const reached = await right(fresh, shuffle ? order.map(i => labels[i]) : labels);
    const figures: Figures = { reached };
    if (shuffle) return figures;
    const alike = shapes.batch(stream, count, { context: 1 });
    const empty = shapes.batch(stream, count, { only: 'none' });
    return {
      ...figures,
      'right on its own ground': await right(alike, alike.label.toNumbers()),
      'ground alone': await right(empty, empty.texture.toNumbers()),
    };
  },
});

/** The share of pictures whose largest logit is the wanted one. */
async function accuracy(model: Model, { image }: ShapeBatch, wanted: readonly number[]): Promise<number> {
  const { outputs } = await model.run({ image });
  const logits = outputs.logits.toArray() as number[][];
  return mean(logits.map((row, i) => Number(row.indexOf(Math.max(...row)) === wanted[i])));
}
