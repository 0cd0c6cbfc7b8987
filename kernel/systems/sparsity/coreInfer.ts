/**
 * The units that matter for a text can be told from its beginning, and stay the same while it goes on.
 *
 *   core of a word     its α·P/T largest activations           P: positive entries of the text, T: its words
 *   core of a prompt   the β·N units that are in most words' cores, the lower number first where equal
 *
 * The prompt is read by the whole model; from then on each of the chosen layers computes its core alone: that of the prompt
 * (`stability`), or of known texts like it where it is short (`similarity`). α = 0.2 and β = 0.4, as released; what texts
 * are like is told here by the units that they use. `sparsity.compact` cuts the matrices to a core.
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
  /** Whose core: the prompt's own, or that of the texts most like it. */
  mode?: 'stability' | 'similarity';
  /** For `similarity`: known texts, int64, N × words. */
  texts?: Tensor;
  /** How many of them are asked. */
  nearest?: number;
}

const HIDDEN = [/mlp\.post$/];

/** For each layer, in how many words' cores each unit is, text by text. */
async function layersOf(model: Model, tokens: Tensor, { tokenShare = 0.2, read = HIDDEN }: CoreInferOptions) {
  const sites = model.sites.select(read).map(({ name }) => name);
  const { sites: values } = await model.run({ tokens }, { read: sites, outputs: [] });
  return sites.map(site => {
    const [texts, words, width] = values[site].dims;
    const counts = Array.from({ length: texts }, (_, text) => {
      const numbers = values[site].at(text).data as Float32Array;
      const positive = numbers.reduce((count, x) => count + Number(x > 0), 0);
      const most = Math.floor((tokenShare * positive) / words);
      const inCores = new Int32Array(width);
      for (let word = 0; word < words; word++) {
        const row = numbers.subarray(word * width, (word + 1) * width);
        const order = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b);
        for (const unit of order.slice(0, most)) inCores[unit]++;
      }
      return inCores;
    });
    return { site, width, counts };
  });
}

type Layers = Awaited<ReturnType<typeof layersOf>>;

/** The units that are in most words' cores of some texts. */
function coreOf(counts: readonly Int32Array[], { sentenceShare = 0.4 }: CoreInferOptions = {}): number[] {
  const total = counts[0].map((_, unit) => counts.reduce((sum, each) => sum + each[unit], 0));
  const ranked = [...total.keys()].sort((a, b) => total[b] - total[a] || a - b);
  return ranked.slice(0, Math.round(sentenceShare * total.length));
}

/** The texts that use a prompt's units: cos(counts of the prompt, counts of the text), all layers end to end. */
function likest(prompts: Layers, prompt: number, texts: Layers, nearest: number): number[] {
  const own = prompts.flatMap(({ counts }) => [...counts[prompt]]);
  const cosines = texts[0].counts.map((_, text) => {
    const other = texts.flatMap(({ counts }) => [...counts[text]]);
    return own.reduce((sum, x, i) => sum + x * other[i], 0) / Math.hypot(...other);
  });
  return [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a]).slice(0, nearest);
}

/**
 * A copy of the model whose MLPs use only the core of a prompt.
 * @param prompt int64, 1 × words
 * @throws NameError where the model has no such sites
 * @example
 * const model = await load('zoo:stories');
 * const core = await coreInfer(model, stories.batch(rng(1), 1).tokens, { sentenceShare: 0.4 });
 */
export async function coreInfer(model: Model, prompt: Tensor, options: CoreInferOptions = {}) {
  const { sentenceShare, mode = 'stability', texts = prompt, nearest = 4 } = options;
  if (sentenceShare === 1) return model;
  const own = await layersOf(model, prompt, options);
  const known = mode === 'similarity' ? await layersOf(model, texts, options) : own;
  const asked = likest(own, 0, known, nearest);
  return model.edit(known.map(({ site, counts }) => sparsity.keep(site, coreOf(asked.map(i => counts[i]), options)))); // prettier-ignore
}

const [TOPICS, PROMPT, LENGTH] = [6, 32, 64];
/** Words of a topic: six of each of three kinds; `.` is shared. */
const WORDS = 18;
const VOCABULARY = TOPICS * WORDS + 1;

/**
 * A text of one topic. All topics share a grammar, subject verb object stop, and each has words of its own, with which word
 * follows which, so that something is left to chance.
 */
function text(draw: Rng, topic: number): number[] {
  let word = draw.integer(6);
  return Array.from({ length: LENGTH + 1 }, (_, i) => {
    const kind = i % 4;
    if (kind === 3) return 0;
    // two of six words may follow, one of them three times in four
    word = (word * 5 + topic * 7 + kind * 3 + (draw.uniform() < 0.75 ? 0 : 2)) % 6;
    return 1 + topic * WORDS + kind * 6 + word;
  });
}

/** Texts of all topics in turn. */
const texts = (draw: Rng, count: number) => Array.from({ length: count }, (_, i) => text(draw, i % TOPICS));

const words = (rows: readonly (readonly number[])[], from: number, to: number) =>
  new Tensor('int64', [rows.length, to - from], BigInt64Array.from(rows.flatMap(row => row.slice(from, to)), BigInt)); // prettier-ignore

async function trained(seed: string | number, steps: number): Promise<Model> {
  const size = { vocabulary: VOCABULARY, context: LENGTH, width: 32, layers: 3, heads: 4, rotary: 1 };
  const graph = nn.neox({ ...size, activation: 'relu', parallel: false, tied: true }, { name: 'topics', seed }); // prettier-ignore
  const batch = (rows: number[][]) => ({ tokens: words(rows, 0, LENGTH), label: words(rows, 1, LENGTH + 1) });
  const options = { optimizer: adamW({ lr: 5e-3, decay: 0.01 }), schedule: schedule.cosine({ warmup: 20 }), clip: 1, steps, seed }; // prettier-ignore
  const data = (_step: number, draw: Rng) => batch(texts(draw, 12));
  return (await fit(graph, data, { ...options, loss: crossEntropy(), live: false })).model;
}

coreInfer.experiment = experiment({
  question: 'Does the core of a prompt carry the rest of its text?',
  seeds: 3,
  arms: {
    own: 'the core of the prompt itself',
    frequent: 'the units that are in most cores of all topics',
    similar: 'the first four words alone, and the core of the four known texts that are most like them',
    'four words': 'the core of the first four words alone',
  },
  controls: {
    'other topic': 'the core of a prompt of another topic',
    'other texts': 'the core of the four texts that are most like four words of another topic',
    random: 'as many units, drawn at random',
  },
  marks: {
    'KL of its own core against random units': { of: (own, all) => own.kl / all.random.kl, atMost: 0.5, control: 'random' }, // prettier-ignore
    'KL of its own core against that of another topic': { of: (own, all) => own.kl / all['other topic'].kl, atMost: 0.667, control: 'other topic' }, // prettier-ignore
    'topics of six in which its own core is the better one': { of: own => own.wins, atLeast: 5 },
    'chance of as much overlap within topics': { of: own => own.chance, atMost: 0.01 },
    'KL of texts like four words against texts like those of another topic': { arm: 'similar', of: (own, all) => own.kl / all['other texts'].kl, atMost: 0.667, control: 'other texts' }, // prettier-ignore
    'the same against the core of the four words': { arm: 'similar', of: (own, all) => own.kl / all['four words'].kl, atMost: 1 }, // prettier-ignore
  },
  async prepare({ seed, scaled }) {
    const model = await trained(seed, scaled(400, 40));
    const rows = texts(rng(`prompts ${seed}`), 2 * TOPICS);
    const found = await layersOf(model, words(rows, 0, PROMPT), {});
    const short = await layersOf(model, words(rows, 0, 4), {});
    const others = await layersOf(model, words(texts(rng(`known ${seed}`), 6 * TOPICS), 0, LENGTH), {});
    return { model, rows, found, short, others };
  },
  async run({ seed, arm, shared: { model, rows, found, short, others } }) {
    const draw = rng(`units ${seed}`);
    const asked = [...Array(TOPICS).keys()].map(topic => likest(short, topic, others, 4));
    const cores: Record<string, (topic: number, layer: number) => readonly number[]> = {
      own: (topic, layer) => coreOf([found[layer].counts[topic]]),
      frequent: (_, layer) => coreOf(found[layer].counts),
      similar: (topic, layer) => coreOf(asked[topic].map(i => others[layer].counts[i])),
      'four words': (topic, layer) => coreOf([short[layer].counts[topic]]),
      'other topic': (topic, layer) => cores.own((topic + 1) % TOPICS, layer),
      'other texts': (topic, layer) => cores.similar((topic + 1) % TOPICS, layer),
      random: (topic, layer) => draw.permutation(found[layer].width).slice(0, cores.own(topic, layer).length),
    };
    const kl = async (topic: number, name: string) => {
      const kept = found.map(({ site }, layer) => sparsity.keep(site, cores[name](topic, layer)));
      const rest = { tokens: words([rows[topic]], 0, LENGTH) };
      return (await divergence(model, model.edit(kept), rest, { from: PROMPT })).kl;
    };
    let [sum, wins] = [0, 0];
    for (let topic = 0; topic < TOPICS; topic++) {
      const own = await kl(topic, arm);
      sum += own;
      if (arm === 'own') wins += Number(own < (await kl(topic, 'other topic')));
    }
    const cut = found.map(({ counts }) => counts.map(each => coreOf([each])));
    return { kl: sum / TOPICS, wins, ...overlap(cut, draw) };
  },
});

/** Overlap of cores within topics (two texts of each) and between them, and how often dealt-out topics would overlap as much. */
function overlap(layers: readonly number[][][], draw: Rng) {
  const count = layers[0].length;
  const mean = (topicOf: readonly number[], within: boolean) => {
    const shares: number[] = [];
    for (let a = 0; a < count; a++)
      for (let b = 0; b < a; b++)
        if ((topicOf[a] === topicOf[b]) === within)
          // |a ∩ b| of two cores of the same size, as a share of it
          shares.push(...layers.map(cores => cores[a].filter(unit => cores[b].includes(unit)).length / cores[a].length)); // prettier-ignore
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  };
  const topics = Array.from({ length: count }, (_, i) => i % TOPICS);
  const [within, between] = [mean(topics, true), mean(topics, false)];
  const dealt = Array.from({ length: 999 }, () => mean(draw.permutation(count).map(i => topics[i]), true)); // prettier-ignore
  return { within, between, chance: (1 + dealt.filter(value => value >= within).length) / 1000 };
}
