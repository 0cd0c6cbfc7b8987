/**
 * ReLU units of a transformer fall silent by themselves as it trains: fewer and fewer of them answer to any word.
 *
 *   density of a layer  d = mean over words of (units with ReLU(W₁·x) > 0) / units
 *   top-k transformer   ReLU(W₁·x) with all but its k largest entries set to zero
 *
 * d falls during training without anything that asks for it, with labels that are dealt out at random too. Keeping the
 * k largest, with k not far above the mean number of active units, changes next to nothing. Where in the MLP the paper
 * takes its top-k is not confirmed; here it is the hidden units.
 * @see https://arxiv.org/abs/2210.06313
 */
import { adamW, crossEntropy, divergence, experiment, fit, nn, rng, schedule, sparsity, stories, Model, Tensor } from 'neuronbook'; // prettier-ignore
import type { Rng } from 'neuronbook';

export interface LazyNeuronOptions {
  /** Hidden sites. */
  read?: readonly (string | RegExp)[];
  /** Keep so many times the mean number of active units: the top-k transformer. Infinite: the model as it is. */
  times?: number;
  /** Entries ranked by those of other units, from this seed: the control. */
  shuffled?: string | number;
}

const HIDDEN = /mlp\.post$/;

/**
 * A copy of a ReLU model that keeps only the largest hidden entries of each word: in each layer, `times` its mean number of
 * active units on the data.
 * @throws NameError where the model has no such sites
 * @example
 * const model = await load('zoo:stories');
 * const lazy = await lazyNeuron(model, stories.batch(rng(1), 8), { times: 1.5 });
 */
export async function lazyNeuron(
  model: Model,
  data: Parameters<typeof sparsity.stats>[1],
  { read = [HIDDEN], times = 1.5, shuffled }: LazyNeuronOptions = {},
): Promise<Model> {
  if (!Number.isFinite(times)) return model;
  const { layers } = await sparsity.stats(model, data, { read, pairs: false, live: false });
  return model.edit(
    layers.map(({ site, l0, width }) =>
      sparsity.topK(site, {
        k: Math.max(1, Math.min(width, Math.ceil(times * l0))),
        ...(shuffled !== undefined && { order: rng(`${shuffled}/${site}`).permutation(width) }),
      }),
    ),
  );
}

/** Stories in pieces of this many words. */
const PIECE = 32;

/** A GPT-NeoX with ReLUs, as `zoo:stories` is, but small. */
const network = (seed: string | number, width: number) =>
  nn.neox(
    {
      vocabulary: stories.vocabulary.size,
      context: PIECE,
      width,
      layers: 5,
      heads: 4,
      activation: 'relu',
      rotary: 1,
      parallel: false,
      tied: true,
    },
    { name: 'lazy', seed },
  );

type Examples = { tokens: Tensor; label: Tensor };

/** @param dealt deal the right answers out anew, so that nothing is to be learned but by heart */
function examples(draw: Rng, count: number, dealt = false): Examples {
  const { tokens, label } = stories.batch(draw, count);
  const given = label.data as BigInt64Array;
  const order = draw.permutation(given.length);
  const dims = [tokens.size / PIECE, PIECE];
  const answers = dealt ? given.map((_, i) => given[order[i]]) : given;
  return { tokens: tokens.reshape(dims), label: new Tensor('int64', dims, answers) };
}

interface Size {
  steps: number;
  width: number;
  /** Stories. */
  count: number;
}

/** Trains an arm; the network before, at some steps, and after, and the loss on what it was trained on. */
async function course(arm: string, seed: string | number, { steps, width, count }: Size) {
  const net = network(seed, width);
  const models: Record<number, Model> = { 0: new Model('lazy', net) };
  const own = examples(rng(`stories ${seed}`), count, arm === 'random labels');
  const { model: end } = await fit(net, own, {
    loss: crossEntropy(),
    optimizer: adamW({ lr: 5e-3, decay: 0.01 }),
    schedule: schedule.cosine({ warmup: 20 }),
    clip: 1,
    batch: 8,
    steps,
    seed,
    live: false,
    ...(arm === 'frozen MLP' && { freeze: [/mlp\./] }),
    onStep({ step, model }) {
      if (step < steps && step % Math.ceil(steps / 2) === 0) models[step] = model();
    },
  });
  const { loss = 0 } = await divergence(end, end, own, { label: 'label' });
  return { models: { ...models, [steps]: end }, end, learnt: loss };
}

lazyNeuron.experiment = experiment({
  question: 'Do ReLU units of a transformer fall silent by themselves as it trains?',
  seeds: 3,
  arms: {
    trained: 'five layers trained on stories; then the largest entries kept, 1.5 times as many as are active',
    'random labels': 'the same, right answers dealt out at random: few enough to be learnt by heart',
  },
  controls: {
    'frozen MLP': 'trained, but for the MLPs, which stay as they were drawn',
    'other units': 'as trained; as many entries kept, ranked by what other units say',
  },
  marks: {
    'share of layers whose density falls by 30 % or more': { of: own => own.fallen, atLeast: 0.8, control: 'frozen MLP', margin: 0.5 }, // prettier-ignore
    'the same with random labels': { of: own => own.fallen, arm: 'random labels', atLeast: 0.8, control: 'frozen MLP' }, // prettier-ignore
    'loss on those labels, which are learnt by heart': {
      of: own => own.learnt,
      arm: 'random labels',
      atMost: 0.5,
    },
    'fall of the density, of all layers together': { of: own => own.fall, atLeast: 0.3, control: 'frozen MLP', margin: 0.25 }, // prettier-ignore
    'rise of the loss by top-k at 1.5 times L0, relative': { of: own => own.rise, atMost: 0.01, control: 'other units', margin: 0.04 }, // prettier-ignore
    'density before training, from 0.5': { of: own => Math.abs(own.before - 0.5), atMost: 0.05 },
  },
  prepare({ seed, scaled }) {
    const held = examples(rng(`held out ${seed}`), scaled(16, 4));
    const size = { steps: scaled(400, 24), width: scaled(32, 16), count: scaled(128, 16) };
    // all of 128 stories cannot be learnt by heart in so few steps
    const few = { ...size, steps: scaled(600, 24), count: 8 };
    // the trained network has two uses
    let kept: ReturnType<typeof course> | undefined;
    const runOf = (arm: string) =>
      arm === 'random labels'
        ? course(arm, seed, few)
        : arm === 'frozen MLP'
          ? course(arm, seed, size)
          : (kept ??= course(arm, seed, size));
    return { held, runOf };
  },
  async run({ arm, seed, shared: { held, runOf } }) {
    const { models, end, learnt } = await runOf(arm);
    const found = await sparsity.course(models, held, { read: [HIDDEN], live: false });
    const falls = Object.values(found.falls());
    const sparse = await lazyNeuron(end, held, arm === 'other units' ? { shuffled: seed } : {});
    const { loss = 0, otherLoss = 0 } = await divergence(end, sparse, held, { label: 'label' });
    return {
      before: found.stats[0].active,
      after: found.stats[found.stats.length - 1].active,
      fall: 1 - found.stats[found.stats.length - 1].active / found.stats[0].active,
      fallen: falls.filter(fall => fall >= 0.3).length / falls.length,
      loss,
      learnt,
      rise: otherLoss / loss - 1,
    };
  },
});
