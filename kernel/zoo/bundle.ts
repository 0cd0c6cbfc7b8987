/**
 * Trains a network of the zoo from its seed, scores it on fresh draws and writes what is committed in its folder:
 * <name>.onnx, losses.json, card.json and README.md. Run by `npm run zoo` through the folder's train.ts.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, Model } from '../index.ts';
import { leastMark, type Figures, type Recipe } from './recipe.ts';

/** What every mark of a fresh draw has to reach. */
export const MARK = 0.95;
const draws = ['fresh 1', 'fresh 2', 'fresh 3'];

export interface Card {
  model: string;
  bytes: number;
  parameters: number;
  training: { steps: number; batch: number; seed: string; minutes: number; loss: number };
  /** SHA-256 of the sources beside the card. */
  scripts: Record<string, string>;
  /** By draw. */
  scores: Record<string, Figures>;
  /** What must fail: `targets shuffled`, `untrained`. */
  controls: Record<string, Figures>;
}

/** @param folder where to write; sets the exit code where a mark is missed */
export async function bundle(recipe: Recipe, folder: string): Promise<void> {
  const { name, seed, steps, batch } = recipe;
  const file = (part: string) => join(folder, part);
  mkdirSync(folder, { recursive: true });
  const began = performance.now();
  const run = await recipe.train({
    report: (step, loss) =>
      step % 100 === 0 && console.log(`${name}: step ${step} of ${steps}, loss ${loss.toFixed(4)}`),
  });
  const minutes = (performance.now() - began) / 60000;
  await run.model.save(file(`${name}.onnx`));
  run.model.dispose();
  writeFileSync(file('losses.json'), `${JSON.stringify(run.losses.map(loss => +loss.toPrecision(9)))}\n`);

  const model = await load(file(`${name}.onnx`));
  const scores: Record<string, Figures> = {};
  for (const drawn of draws) scores[drawn] = await measured(recipe, model, drawn);
  const controls = {
    'targets shuffled': await measured(recipe, model, draws[0], true),
    untrained: await measured(recipe, new Model(name, recipe.network()), draws[0]),
  };
  const card: Card = {
    model: `zoo:${name}`,
    bytes: statSync(file(`${name}.onnx`)).size,
    parameters: parametersOf(model),
    training: { steps, batch, seed, minutes: +minutes.toFixed(1), loss: +run.losses.at(-1)!.toPrecision(4) },
    scripts: Object.fromEntries(['train.ts', 'recipe.ts'].map(part => [part, sha256(file(part))])),
    scores,
    controls,
  };
  writeFileSync(file('card.json'), `${JSON.stringify(card, null, 2)}\n`);
  writeFileSync(file('README.md'), page(recipe, card));
  const least = leastOf(scores);
  console.log(`${name}: least mark ${percent(least)} on fresh draws, ${minutes.toFixed(1)} minutes`);
  if (least < MARK) {
    console.error(`${name}: below ${percent(MARK)}; the model is written, but is not what it should be`);
    process.exitCode = 1;
  }
}

/** The least mark of all draws. */
const leastOf = (scores: Card['scores']) => Math.min(...Object.values(scores).map(leastMark));

const rounded = (value: number) => +value.toPrecision(4);
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

async function measured({ score }: Recipe, model: Model, drawn: string, shuffle = false): Promise<Figures> {
  const figures = await score(model, drawn, { shuffle });
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)]));
}

/** How many numbers are trained. */
function parametersOf({ graph }: Model): number {
  const names = JSON.parse(graph.metadata['neuronbook.parameters']) as string[];
  return names.reduce((sum, name) => sum + graph.constants.get(name)!.size, 0);
}

/** The model card's page. */
export function page(
  { about }: Recipe,
  { model, bytes, parameters, training, scores, controls }: Card,
): string {
  const columns = { ...scores, ...controls };
  const keys = [...new Set(Object.values(columns).flatMap(figures => Object.keys(figures)))];
  const least = leastOf(scores);
  const short = `\n**Not there yet**: the mark is ${percent(MARK)} on every fresh draw; this one reaches ${percent(least)}.\n`;
  const cells = (key: string) => Object.values(columns).map(figures => figures[key] ?? '');
  return `# ${model}

${about.trim()}
${least < MARK ? short : ''}
- ${parameters.toLocaleString('en')} trained numbers, ${(bytes / 1e6).toFixed(2)} MB; licence MIT, data and weights alike
- trained by \`npm run zoo -- ${model.slice('zoo:'.length)}\`: ${training.steps} steps of ${training.batch} fresh examples, AdamW, ${training.minutes} minutes on one core of a machine that was busy with other work

| | ${Object.keys(columns).join(' | ')} |
|---|${Object.keys(columns)
    .map(() => '--:')
    .join('|')}|
${keys.map(key => `| ${key} | ${cells(key).join(' | ')} |`).join('\n')}

The draws come from seeds that training never used; losses are in nats. The last two columns are controls, which have to
fail: the trained network against targets dealt out anew, and the network before its first step.

\`card.json\` holds these figures with the hashes of the scripts; \`losses.json\` the loss of every step. Both are
written by \`train.ts\`, as is this page.
`;
}
