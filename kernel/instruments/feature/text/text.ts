/**
 * Feature visualization for language models: the words that excite a unit. Words are not a continuum, so there are two
 * ways. `search` tries exchanges of single tokens that the gradient recommends and keeps the best; `ascent` climbs with
 * vectors that are seen as their nearest words. Either keeps the best text that it meets.
 * @see https://arxiv.org/abs/1712.06751 (Ebrahimi et al. 2018, HotFlip)
 */
import { NeuronbookError } from '../../../base/errors.ts';
import { host } from '../../../base/host.ts';
import { rng as seeded, type Rng } from '../../../base/rng.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { progress } from '../../../display/progress.ts';
import { compile } from '../../../engine/compile.ts';
import type { Model } from '../../../model/model.ts';
import type { Objective } from '../../../model/objective.ts';
import { ascend } from '../../../train/ascend.ts';
import { adam } from '../../../train/optimizer.ts';
import { FeatureText } from './result.ts';
import { Words } from './words.ts';

export interface TextOptions {
  /** How many tokens are sought. */
  tokens?: number;
  /** What stands in front of them, as text or token numbers. */
  prompt?: string | readonly number[];
  method?: 'search' | 'ascent';
  /** Rounds of exchanges, or ascent steps. */
  steps?: number;
  /** Exchanges tried in each round. */
  candidates?: number;
  /** Step size of the ascent, in units of the embeddings' deviation. */
  lr?: number;
  seed?: number;
  /** Token numbers that may be used; all but the special ones where left out. */
  allowed?: readonly number[];
  /** Rewrites the gains of exchanges, tokens × vocabulary; tests shuffle them here, as the control that must fail. */
  gains?: (gains: Float32Array) => Float32Array;
  /** Show a bar. */
  live?: boolean;
}

/** What either way gives: each text that it comes by, with its score. */
interface Visit {
  readonly ids: readonly number[];
  readonly score: number;
}

/**
 * Words that excite what is asked for.
 * @param objective on sites of a language model that takes tokens alone
 * @returns the best text met, with its score; Interrupt keeps the best so far
 * @throws NeuronbookError where the model does not look tokens up in a table
 * @example await viz.text(gpt, channel('blocks.1.mlp.post', 7), { tokens: 4, steps: 5, allowed: [1, 2, 3, 4, 5] })
 */
export async function text(
  model: Model,
  objective: Objective,
  options: TextOptions = {},
): Promise<FeatureText> {
  const { tokens: count = 8, method = 'search', seed = 0, live = true } = options;
  const steps = options.steps ?? (method === 'search' ? 32 : 128);
  for (const [name, value] of Object.entries({ tokens: count, steps }))
    if (!Number.isInteger(value) || value < 1)
      throw new NeuronbookError(`${name}: ${value}; expected a whole number from 1`);
  const { prompt = [] } = options;
  const front = typeof prompt === 'string' ? model.tokenizer.encode(prompt, { special: false }) : prompt;
  const words = new Words(model, objective, front);
  const allowed = options.allowed ?? ordinary(model, words.size);
  const rng = seeded(seed).split('text');
  const start = Array.from({ length: count }, () => rng.pick(allowed));
  const course = method === 'search' ? searching : climbing;

  const bar = live ? progress(steps, String(objective)) : undefined;
  const curve: number[] = [];
  let best: Visit = { ids: start, score: -Infinity };
  for await (const visit of course(words, start, allowed, { ...options, steps }, rng)) {
    if (visit.score > best.score) best = visit;
    curve.push(best.score);
    bar?.step(1, best.score.toPrecision(4));
  }
  bar?.end();
  const spelled = spelling(model);
  return new FeatureText(
    objective.text,
    best.ids.map(spelled),
    best.ids,
    front.map(spelled).join(''),
    best.score,
    curve,
    curve.length < steps,
  );
}

type Settings = TextOptions & { steps: number };

/** The gradient's favourites among all exchanges of one token, scored exactly; the best one is made. */
async function* searching(
  words: Words,
  start: readonly number[],
  allowed: readonly number[],
  { steps, candidates = 32, gains: rewrite = same => same }: Settings,
  rng: Rng,
): AsyncGenerator<Visit> {
  const flips = await compile(words.flipping(start.length));
  const scoring = await compile(words.scoring(candidates, start.length));
  let current: Visit = { ids: start, score: -Infinity };
  let top = current;
  for (let step = 0; step < steps && !host().interrupted; step++) {
    const { gains } = await flips.run({ tokens: numbers([current.ids]) });
    const ranked = favourites(rewrite(gains.data as Float32Array), current.ids, allowed, candidates, rng);
    const tried = ranked.map(({ at, id }) => current.ids.map((old, i) => (i === at ? id : old)));
    // the first row is what there is
    const rows = [current.ids, ...tried].slice(0, candidates);
    while (rows.length < candidates) rows.push(rows[0]);
    const scores = (await scoring.run({ tokens: numbers(rows) })).scores.toNumbers();
    const best = scores.indexOf(Math.max(...scores));
    current = { ids: rows[best], score: scores[best] };
    yield current;
    if (current.score > top.score) top = current;
    // nowhere to go from here: on from the best so far, a third of its words being exchanged for any
    if (best === 0 && step > 0) current = { ids: kicked(top.ids, allowed, rng), score: -Infinity };
  }
}

/**
 * Exchanges to try: three in four those of highest gain, as many at each place, since the gains of one place may drown
 * those of all others; the rest at random, since a gain is to first order only.
 */
function favourites(
  gains: Float32Array,
  ids: readonly number[],
  allowed: readonly number[],
  most: number,
  rng: Rng,
): { at: number; id: number }[] {
  const vocabulary = gains.length / ids.length;
  const each = Math.ceil((most * 0.75) / ids.length);
  const sure = ids.flatMap((old, at) =>
    allowed
      .filter(id => id !== old)
      .map(id => ({ at, id, gain: gains[at * vocabulary + id] }))
      .sort((a, b) => b.gain - a.gain)
      .slice(0, each),
  );
  const chance = Array.from({ length: Math.max(0, most - sure.length) }, () => ({
    at: rng.integer(ids.length),
    id: rng.pick(allowed),
  }));
  return [...sure, ...chance];
}

function kicked(ids: readonly number[], allowed: readonly number[], rng: Rng): number[] {
  const changed = new Set(rng.permutation(ids.length).slice(0, Math.ceil(ids.length / 3)));
  return ids.map((id, i) => (changed.has(i) ? rng.pick(allowed) : id));
}

/** Vectors that climb, seen as their nearest words. */
async function* climbing(
  words: Words,
  start: readonly number[],
  allowed: readonly number[],
  { steps, lr = 0.3 }: Settings,
): AsyncGenerator<Visit> {
  const [length, width] = [start.length, words.table.dims[1]];
  const table = words.table.data as Float32Array;
  const deviation = Math.sqrt(table.reduce((sum, x) => sum + x * x, 0) / table.length);
  const optimizer = adam({ lr: lr * deviation });
  const program = await compile(words.climbing(length, allowed, { optimizer }));
  const project = await compile(words.projecting(length, allowed));
  const nearest = async (parameters: Tensor) => (await project.run({ parameters })).tokens.toNumbers();
  const vectors = tensor(
    Float32Array.from(start.flatMap(id => [...table.subarray(id * width, (id + 1) * width)])),
    [length, width],
  );
  let ids = await nearest(vectors);
  for await (const { parameters, scores } of ascend(program, vectors, { steps, optimizer })) {
    // the score is that of the words before the update
    yield { ids, score: scores[0] };
    ids = await nearest(parameters);
  }
}

const numbers = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);

/** Every token that is text. */
function ordinary(model: Model, size: number): number[] {
  const all = Array.from({ length: size }, (_, id) => id);
  const known = tokenizerIn(model);
  return known ? all.filter(id => id < known.size && !known.isSpecial(id)) : all;
}

/** How a token reads; its number where the model has no tokenizer. */
function spelling(model: Model): (id: number) => string {
  const known = tokenizerIn(model);
  return id => known?.decode([id], { special: true }) ?? ` ${id}`;
}

function tokenizerIn(model: Model): Model['tokenizer'] | undefined {
  try {
    return model.tokenizer;
  } catch {
    return undefined;
  }
}
