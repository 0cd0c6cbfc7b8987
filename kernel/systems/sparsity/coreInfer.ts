/**
 * The units that matter for a text can be told from its beginning, and stay the same while it goes on.
 *
 *   core of a word     its α·P/T largest activations           P: positive entries of the prompt, T: its words
 *   core of a prompt   the β·N units that are in most words' cores, the lower number first where equal
 *
 * The prompt is read by the whole model; from then on each of the chosen layers computes its core alone. α = 0.2 and
 * β = 0.4, as released. What is saved is told in multiply-adds; `sparsity.compact` cuts the matrices to a core.
 * @see https://arxiv.org/abs/2410.18311
 */
import { adamW, crossEntropy, divergence, experiment, fit, nn, rng, schedule, sparsity, Tensor } from 'neuronbook'; // prettier-ignore
import type { Rng, Model } from 'neuronbook';

export interface CoreInferOptions {
  /** α: of how many of its active units a word's core is. */
  tokenShare?: number;
  /** β: of how many of its units a layer's core is. At 1: the model as it is. */
  sentenceShare?: number;
  /** Hidden sites of the layers that are cut; all MLPs where left out. */
  read?: readonly (string | RegExp)[];
}

const HIDDEN = [/mlp\.post$/];

/** For each layer, in how many words' cores each unit is, and the core. */
async function cores(
  model: Model,
  tokens: Tensor,
  { tokenShare = 0.2, sentenceShare = 0.4, read = HIDDEN }: CoreInferOptions,
) {
  const sites = model.sites.select(read).map(({ name }) => name);
  const { sites: values } = await model.run({ tokens }, { read: sites, outputs: [] });
  return sites.map(site => {
    const { dims, data } = values[site];
    const width = dims[dims.length - 1];
    const numbers = data as Float32Array;
    const words = numbers.length / width;
    const positive = numbers.reduce((count, x) => count + Number(x > 0), 0);
    const most = Math.floor((tokenShare * positive) / words);
    const counts = new Int32Array(width);
    for (let word = 0; word < words; word++) {
      const row = numbers.subarray(word * width, (word + 1) * width);
      const order = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b);
      for (const unit of order.slice(0, most)) counts[unit]++;
    }
    const ranked = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
    return { site, width, counts, core: ranked.slice(0, Math.round(sentenceShare * width)) };
  });
}

/**
 * A copy of the model whose MLPs use only the core of a prompt.
 * @param prompt int64, 1 × words
 * @throws NameError where the model has no such sites
 * @example
 * const model = await load('zoo:stories');
 * const core = await coreInfer(model, stories.batch(rng(1), 1).tokens, { sentenceShare: 0.4 });
 */
export async function coreInfer(
  model: Model,
  prompt: Tensor,
  options: CoreInferOptions = {},
): Promise<Model> {
  if (options.sentenceShare === 1) return model;
  const found = await cores(model, prompt, options);
  return model.edit(found.map(({ site, core }) => sparsity.keep(site, core)));
}

const TOPICS = 6;
/** Words of a topic: six of each of three kinds; `.` is shared. */
const WORDS = 18;
const VOCABULARY = TOPICS * WORDS + 1;
const [PROMPT, LENGTH] = [32, 64];

/**
 * A text of one topic. All topics share a grammar, subject verb object stop, and each has words of its own, with which word
 * follows which, so that something is left to chance.
 */
function text(draw: Rng, topic: number): number[] {
  const words: number[] = [];
  let before = draw.integer(6);
  while (words.length < LENGTH + 1) {
    for (let kind = 0; kind < 3; kind++) {
      // two of six words may follow, one of them three times in four
      const next = (before * 5 + topic * 7 + kind * 3 + (draw.uniform() < 0.75 ? 0 : 2)) % 6;
      words.push(1 + topic * WORDS + kind * 6 + next);
      before = next;
    }
    words.push(0);
  }
  return words.slice(0, LENGTH + 1);
}

function texts(draw: Rng, count: number, topicOf: (i: number) => number) {
  const rows = Array.from({ length: count }, (_, i) => text(draw, topicOf(i)));
  const part = (from: number) =>
    new Tensor('int64', [count, LENGTH], BigInt64Array.from(rows.flatMap(row => row.slice(from, from + LENGTH)), BigInt)); // prettier-ignore
  return { tokens: part(0), label: part(1) };
}

async function trained(seed: string | number, steps: number): Promise<Model> {
  const graph = nn.neox(
    { vocabulary: VOCABULARY, context: LENGTH, width: 32, layers: 3, heads: 4, activation: 'relu', rotary: 1, parallel: false, tied: true }, // prettier-ignore
    { name: 'topics', seed },
  );
  const run = await fit(graph, (_step, draw) => texts(draw, 12, i => i % TOPICS), {
    loss: crossEntropy(),
    optimizer: adamW({ lr: 5e-3, decay: 0.01 }),
    schedule: schedule.cosine({ warmup: 20 }),
    clip: 1,
    steps,
    seed,
    live: false,
  });
  return run.model;
}

coreInfer.experiment = experiment({
  question: 'Does the core of a prompt carry the rest of its text?',
  seeds: 3,
  arms: {
    own: 'the core of the prompt itself',
    frequent: 'the units that are in most cores of all topics',
  },
  controls: {
    'other topic': 'the core of a prompt of another topic',
    random: 'as many units, drawn at random',
  },
  marks: {
    'KL of its own core against random units': {
      of: (own, all) => own.kl / all.random.kl,
      atMost: 0.5,
      control: 'random',
    },
    'KL of its own core against that of another topic': {
      of: (own, all) => own.kl / all['other topic'].kl,
      atMost: 0.667,
      control: 'other topic',
    },
    'topics of six in which its own core is the better one': { of: own => own.wins, atLeast: 5 },
    'chance of as much overlap within topics': { of: own => own.chance, atMost: 0.01 },
  },
  async prepare({ seed, scaled }) {
    const model = await trained(seed, scaled(400, 40));
    const draw = rng(`prompts ${seed}`);
    const prompts = Array.from({ length: 2 * TOPICS }, (_, i) => texts(draw, 1, () => i % TOPICS).tokens);
    const found = [];
    for (const { data } of prompts)
      found.push(
        await cores(model, new Tensor('int64', [1, PROMPT], data.slice(0, PROMPT) as BigInt64Array), {}),
      );
    return { model, prompts, found };
  },
  async run({ arm, seed, shared: { model, prompts, found } }) {
    const [layers, draw] = [found[0].length, rng(`units ${seed}`)];
    const coreOf = (topic: number, layer: number): readonly number[] => {
      const { width, core } = found[topic][layer];
      if (arm === 'other topic') return found[(topic + 1) % TOPICS][layer].core;
      if (arm === 'random') return draw.permutation(width).slice(0, core.length);
      if (arm === 'own') return core;
      const total = (unit: number) => found.reduce((sum, each) => sum + each[layer].counts[unit], 0);
      return [...Array(width).keys()].sort((a, b) => total(b) - total(a) || a - b).slice(0, core.length);
    };
    const kl = async (topic: number, of: (layer: number) => readonly number[]) => {
      const sparse = model.edit(found[topic].map(({ site }, layer) => sparsity.keep(site, of(layer))));
      return (await divergence(model, sparse, { tokens: prompts[topic] }, { from: PROMPT })).kl;
    };
    const kls: number[] = [];
    let wins = 0;
    for (let topic = 0; topic < TOPICS; topic++) {
      kls.push(await kl(topic, layer => coreOf(topic, layer)));
      if (arm === 'own')
        wins += Number(kls[topic] < (await kl(topic, layer => found[(topic + 1) % TOPICS][layer].core)));
    }
    return { kl: kls.reduce((sum, each) => sum + each, 0) / TOPICS, wins, ...overlap(found, layers, draw) };
  },
});

/** Overlap of cores within topics (two texts of each) and between them, and how often dealt-out topics would overlap as much. */
function overlap(found: readonly { core: number[] }[][], layers: number, draw: Rng) {
  const mean = (topicOf: readonly number[], within: boolean) => {
    let [sum, count] = [0, 0];
    for (let a = 0; a < found.length; a++)
      for (let b = 0; b < a; b++) {
        if ((topicOf[a] === topicOf[b]) !== within) continue;
        for (let layer = 0; layer < layers; layer++) {
          const [one, other] = [found[a][layer].core, found[b][layer].core];
          // |a ∩ b| of two cores of the same size, as a share of it
          sum += one.filter(unit => other.includes(unit)).length / one.length;
        }
        count += layers;
      }
    return sum / count;
  };
  const topics = found.map((_, i) => i % TOPICS);
  const [within, between] = [mean(topics, true), mean(topics, false)];
  const dealt = Array.from({ length: 999 }, () => mean(draw.permutation(topics.length).map(i => topics[i]), true)); // prettier-ignore
  return { within, between, chance: (1 + dealt.filter(value => value >= within).length) / 1000 };
}
