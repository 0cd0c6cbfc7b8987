/**
 * A gated MLP does without most of its units, chosen by the gate and by how much each channel usually lets through.
 *
 *   h = g ∘ u      g = f(W·x), the gate;  u = V·x
 *   CATS           gᵢ = 0 where |gᵢ| < t
 *   CHESS          gᵢ = 0 where |gᵢ| < tᵢ = T / E|uᵢ|      T: the s-quantile of |gᵢ|·E|uᵢ|
 *
 * What is lost with unit i is |gᵢ·uᵢ|. Its gate is known before u is computed, and E|uᵢ| from some data beforehand; so
 * both thresholds spare the rows of V and W₂ that belong to silent units. With equal E|uᵢ| they are the same. CHESS+
 * thresholds the inputs of the query and output projections too; here that of the output projection, since our queries
 * share their input with keys and values.
 * @see https://arxiv.org/abs/2409.01366
 */
import { adamW, crossEntropy, divergence, experiment, fit, load, nn, rng, schedule, sparsity, stories } from 'neuronbook'; // prettier-ignore
import type { Rng, Model } from 'neuronbook';

export interface ChessOptions {
  /** Share of entries to silence. At 0: the model as it is. */
  sparsity?: number;
  /** `channel` means CHESS; `none`: one threshold for all channels, as CATS has; numbers: what to take for E|u|, layer by layer. */
  means?: 'channel' | 'none' | readonly ArrayLike<number>[];
  /** Threshold what heads write, before the output projection, as well. */
  attention?: boolean;
}

type Data = Parameters<typeof sparsity.stats>[1];

/**
 * A copy of a gated model in which units are silent whose gate is below their channel's threshold.
 * @param data what the thresholds are set on
 * @throws NameError where the model has no gated MLP
 * @example
 * const model = await load('zoo:gated');
 * const sparse = await chess(model, stories.batch(rng(1), 16), { sparsity: 0.5 });
 */
export async function chess(
  model: Model,
  data: Data,
  { sparsity: share = 0.5, means = 'channel', attention = false }: ChessOptions = {},
): Promise<Model> {
  if (share === 0) return model;
  const edits = [];
  for (const [layer, { name: gate }] of model.sites.select([/mlp\.gate$/]).entries()) {
    const up = gate.replace(/gate$/, 'up');
    const usual =
      means === 'channel'
        ? await sparsity.means(model, data, up)
        : means === 'none'
          ? undefined
          : Float64Array.from(means[layer]);
    // T = the s-quantile of |g|·E|u|,  tᵢ = T / E|uᵢ|
    const bound = await sparsity.quantile(model, data, gate, share, { weights: usual });
    edits.push(sparsity.threshold(gate, usual ? usual.map(mean => bound / mean) : bound));
  }
  const heads = attention ? model.sites.select([/attn\.z$/]) : [];
  for (const { name } of heads)
    edits.push(sparsity.threshold(name, await sparsity.quantile(model, data, name, share)));
  return model.edit(edits);
}

/** Stories in pieces of this many words. */
const PIECE = 32;

function examples(draw: Rng, count: number) {
  const { tokens, label } = stories.batch(draw, count);
  return {
    tokens: tokens.reshape([tokens.size / PIECE, PIECE]),
    label: label.reshape([tokens.size / PIECE, PIECE]),
  };
}

/** A small Llama, as `zoo:gated` is, trained on stories. */
async function small(seed: string | number, steps: number, count: number): Promise<Model> {
  const graph = nn.llama(
    {
      vocabulary: stories.vocabulary.size,
      context: PIECE,
      width: 48,
      layers: 2,
      heads: 4,
      hidden: 128,
      tied: true,
    },
    { name: 'small', seed },
  );
  const run = await fit(graph, examples(rng(`stories ${seed}`), count), {
    loss: crossEntropy(),
    optimizer: adamW({ lr: 4e-3, decay: 0.01 }),
    schedule: schedule.cosine({ warmup: 20 }),
    clip: 1,
    batch: 16,
    steps,
    seed,
    live: false,
  });
  return run.model;
}

/** E|u| of each layer, dealt out anew among its channels. */
async function permuted(model: Model, data: Data, draw: Rng): Promise<Float64Array[]> {
  const layers = [];
  for (const { name } of model.sites.select([/mlp\.up$/])) {
    const means = await sparsity.means(model, data, name);
    const order = draw.permutation(means.length);
    layers.push(means.map((_, i) => means[order[i]]));
  }
  return layers;
}

/** Shares of silent entries that are tried. */
const SHARES = [0.3, 0.5, 0.7] as const;

chess.experiment = experiment({
  question: 'Does a threshold for each channel lose less than one for all, at the same sparsity?',
  seeds: 3,
  arms: {
    chess: 'thresholds by channel, T / E|u|',
    cats: 'one threshold a layer',
    'with attention': 'CHESS, and what heads write above a threshold',
  },
  controls: { permuted: 'CHESS, with E|u| dealt out anew among the channels' },
  marks: {
    // the smallest ratio but one of three: below 1 where two of three sparsities win
    'KL against one threshold, small network, two of three sparsities': {
      of: (own, all) => SHARES.map(s => own[`kl ${s}`] / all.cats[`kl ${s}`]).sort((a, b) => a - b)[1],
      atMost: 0.999,
      control: 'permuted',
    },
    'KL against one threshold, zoo:gated at 0.5': {
      of: (own, all) => own['zoo kl'] / all.cats['zoo kl'],
      atMost: 0.999,
      control: 'permuted',
    },
    'difference in measured sparsity, at most': {
      of: (own, all) =>
        Math.max(
          ...SHARES.map(s => Math.abs(own[`silent ${s}`] - all.cats[`silent ${s}`])),
          Math.abs(own['zoo silent'] - all.cats['zoo silent']),
        ),
      atMost: 0.01,
    },
  },
  async prepare({ seed, scaled }) {
    const data = (what: string, count: number) => examples(rng(`${what} ${seed}`), count);
    return {
      model: await small(seed, scaled(300, 30), scaled(128, 16)),
      zoo: await load('zoo:gated'),
      // as many words to set thresholds on as to measure on
      calibration: data('calibration', scaled(32, 8)),
      held: data('held out', scaled(32, 8)),
    };
  },
  async run({ arm, seed, shared: { model, zoo, calibration, held } }) {
    const measured = async (of: Model, share: number) => {
      const means =
        arm === 'cats'
          ? 'none'
          : arm === 'permuted'
            ? await permuted(of, calibration, rng(`permuted ${seed}`))
            : 'channel';
      const sparse = await chess(of, calibration, {
        sparsity: share,
        means,
        attention: arm === 'with attention',
      });
      const { kl } = await divergence(of, sparse, held);
      const { active } = await sparsity.stats(sparse, held, {
        read: [/mlp\.gate$/],
        pairs: false,
        live: false,
      });
      const cost = await sparsity.executed(sparse, { tokens: held.tokens });
      return { kl, silent: 1 - active, executed: cost.executed / cost.dense };
    };
    const own: Record<string, number> = {};
    for (const share of SHARES) {
      const { kl, silent } = await measured(model, share);
      Object.assign(own, { [`kl ${share}`]: kl, [`silent ${share}`]: silent });
    }
    const { kl, silent, executed } = await measured(zoo, 0.5);
    return { ...own, 'zoo kl': kl, 'zoo silent': silent, 'zoo multiply-adds': executed };
  },
});
