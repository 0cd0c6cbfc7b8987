/**
 * Trains `zoo:textures` from its seed, scores it on fresh draws and writes what is committed beside this file:
 * textures.onnx, losses.json, card.json and README.md. Run by `npm run zoo`.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, textures } from '../../index.ts';
import { batch, score, seed, steps, train, type Score } from './recipe.ts';

const draws = ['fresh 1', 'fresh 2', 'fresh 3'];
const [folder = import.meta.dirname] = process.argv.slice(2);
const file = (name: string) => join(folder, name);
const sha256 = (name: string) =>
  createHash('sha256')
    .update(readFileSync(file(name)))
    .digest('hex');

mkdirSync(folder, { recursive: true });
const began = performance.now();
const run = await train({
  report: (step, loss) =>
    step % 100 === 0 && console.log(`step ${step} of ${steps}: loss ${loss.toFixed(4)}`),
});
const minutes = (performance.now() - began) / 60000;
await run.model.save(file('textures.onnx'));
writeFileSync(file('losses.json'), `${JSON.stringify(run.losses.map(loss => +loss.toPrecision(9)))}\n`);

const model = await load(file('textures.onnx'));
const scores: Record<string, Score> = {};
for (const drawn of draws) scores[drawn] = await score(model, drawn);
const shuffled = await score(model, draws[0], { shuffle: true });
const accuracies = Object.values(scores).map(({ accuracy }) => accuracy);
const card = {
  model: 'zoo:textures',
  bytes: statSync(file('textures.onnx')).size,
  parameters: [...model.graph.constants.values()].reduce((sum, { size }) => sum + size, 0),
  classes: textures.classes,
  facets: { melon: textures.facets.melon },
  input: 'image: float32, batch×3×48×48, red green blue in [0, 1]',
  training: { steps, batch, seed, minutes: +minutes.toFixed(1), loss: +run.losses.at(-1)!.toPrecision(4) },
  scripts: { 'train.ts': sha256('train.ts'), 'recipe.ts': sha256('recipe.ts') },
  scores,
  control: { 'labels shuffled': shuffled.accuracy },
};
writeFileSync(file('card.json'), `${JSON.stringify(card, null, 2)}\n`);

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const rows = Object.keys(scores[draws[0]].classes).map(
  name => `| ${name} | ${draws.map(drawn => percent(scores[drawn].classes[name])).join(' | ')} |`,
);
writeFileSync(
  file('README.md'),
  `# zoo:textures

A small convolutional classifier of 48×48 colour pictures, made to be looked into: five convolutions with ReLUs
(sites \`conv1\` … \`conv5\`, \`relu1\` … \`relu5\`), average pools, global average pool, one linear layer (\`logits\`).
Its fourteen classes are nine textures and five objects, drawn by the seeded generator \`textures\`. One class has two
faces: a \`melon\` is a green striped ball or a red half disc with seeds. Balls of other colours (\`ball\`) and green
slices (\`kiwi\`) are classes of their own: to know a melon takes shape and colour together.

- input \`image\`: batch×3×48×48, float32, red green blue in [0, 1]; the network centres it itself
- output \`logits\`: batch×14, in the order of the table below without the faces
- ${card.parameters.toLocaleString('en')} numbers, ${(card.bytes / 1e6).toFixed(2)} MB; licence MIT, pictures and weights alike
- trained by \`npm run zoo -- textures\`: ${steps} steps of ${batch} fresh pictures, AdamW, ${card.training.minutes} minutes on one of two shared cores

Accuracy on fresh draws (${scores[draws[0]].pictures} pictures each, seeds that training never used): ${accuracies.map(percent).join(', ')}.
With shuffled labels: ${percent(shuffled.accuracy)}; chance is ${percent(1 / textures.classes.length)}.

| class | ${draws.join(' | ')} |
|---|${draws.map(() => '--:').join('|')}|
${rows.join('\n')}

What it cannot do: it has seen nothing but these drawings. A photograph of a melon is outside its world.

\`card.json\` holds these figures with the hashes of the scripts; \`losses.json\` the loss of every step. Both are
written by \`train.ts\`, as is this page.
`,
);
console.log(`accuracy on fresh draws: ${accuracies.map(percent).join(', ')}; ${minutes.toFixed(1)} minutes`);
if (Math.min(...accuracies) < 0.95) {
  console.error('below 95 %: the model is written, but is not good enough to be committed');
  process.exitCode = 1;
}
