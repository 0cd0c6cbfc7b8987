/**
 * Transcoders replace MLPs by sparse features, so that the circuit behind an answer can be read off weights. With
 * z = ReLU(W_enc·x + b), y ≈ W_dec·z in every block, and attention patterns and scales of norms held, i adds to j
 *
 *   z_i · (W_dec,i · J · W_enc,j)      J: the residual stream, or the W_V·W_O of the heads between
 *
 * where z_i alone depends on the input. What the transcoders miss enters as errors, tokens through their embedding; all of
 * it sums to the pre-activation. Features that matter to a task and not to others are its circuit: taken out, it fails.
 * @see https://arxiv.org/abs/2406.11944
 */
import { ablate, adam, experiment, harvest, load, names, rng, schedule, transcoder } from 'neuronbook';
import type { Model, NamesTask, Prompts, Tensor } from 'neuronbook';

export interface TranscodersOptions {
  /** Features of each transcoder, and how many are active at a position. */
  features?: number;
  k?: number;
  steps?: number;
  batch?: number;
  seed?: number | string;
  /** Features whose causes are traced in one graph. */
  most?: number;
  live?: boolean;
}

/** A feature of a block's transcoder. */
export interface CircuitFeature {
  readonly layer: number;
  readonly feature: number;
  /** How much it matters to the task, less how much to the others. */
  readonly score: number;
}

/** One prompt, and the weights of the output that is explained. */
export interface Asked {
  readonly tokens: Tensor;
  readonly of: Float32Array;
}

export interface TranscoderCircuits {
  readonly coders: readonly transcoder.Transcoder[];
  /** What makes the output of one prompt what it is. */
  trace(prompt: Asked): Promise<transcoder.AttributionGraph>;
  /** Features by how much more they matter to a task's prompts than to those of other tasks. */
  circuit(task: readonly Asked[], others?: readonly Asked[]): Promise<CircuitFeature[]>;
  /** The model without some features; what the transcoders miss stays. */
  without(features: readonly Pick<CircuitFeature, 'layer' | 'feature'>[]): Model;
  /** What happens when the source of each edge is taken away, with more or less of the network held. */
  check(
    prompt: Asked,
    graph: transcoder.AttributionGraph,
    edges: readonly transcoder.AttributionEdge[],
    free?: transcoder.InterventionOptions,
  ): Promise<transcoder.Intervention[]>;
}

/**
 * Trains a transcoder for every MLP of a language model, and finds circuits with them.
 * @param data what the model reads: tokens N×T
 * @throws NameError where the model's MLPs have no sites `blocks.*.mlp.in` and `.out`
 * @example
 * const found = await transcoders(model, names.batch(rng('read'), 256), { steps: 100 })
 * const graph = await found.trace({ tokens, of })
 */
export async function transcoders(
  model: Model,
  { tokens }: { tokens: Tensor },
  options: TranscodersOptions = {},
): Promise<TranscoderCircuits> {
  const { features = 256, k = 12, steps = 300, batch = 512, seed = 1, most = 1024, live = true } = options;
  const outs = model.sites.select([/^blocks\.\d+\.mlp\.out$/]).map(({ name }) => name);
  const ins = outs.map(name => name.replace(/out$/, 'in'));
  const acts = await harvest(model, { tokens }, { read: [...ins, ...outs], live });
  const coders: transcoder.Transcoder[] = [];
  for (const [i, to] of outs.entries()) {
    const architecture = transcoder.topK({ k });
    const course = schedule.linear({ warmup: Math.round(steps / 10) });
    const way = { from: ins[i], to, features, steps, batch, seed: `${seed}/${to}`, live, architecture };
    coders.push(await transcoder.fit(acts, { ...way, schedule: course, optimizer: adam({ lr: 3e-3 }) }));
  }
  const trace = ({ tokens, of }: Asked) =>
    transcoder.attribute(model, coders, { tokens }, { of, most, live: false });
  const open = model.edit(coders.flatMap(coder => coder.splice({ error: true })));
  return {
    coders,
    trace,
    async circuit(task, others = []) {
      const sums = new Map<string, CircuitFeature>();
      for (const [prompts, sign] of [
        [task, 1],
        [others, -1],
      ] as const)
        // prettier-ignore
        for (const prompt of prompts)
          for (const { layer, feature, influence } of (await trace(prompt)).features) {
            const before = sums.get(`${layer} ${feature}`)?.score ?? 0;
            sums.set(`${layer} ${feature}`, { layer, feature, score: before + (sign * influence) / prompts.length });
          }
      return [...sums.values()].sort((a, b) => b.score - a.score);
    },
    without: chosen =>
      open.edit(
        outs.flatMap((to, layer) => {
          const channels = chosen.filter(one => one.layer === layer).map(({ feature }) => feature);
          return channels.length ? [ablate(`${to}.features`, { channels, axis: -1 })] : [];
        }),
      ),
    check: ({ tokens, of }, graph, edges, free) =>
      transcoder.intervene(model, coders, { tokens }, graph, edges, { of, ...free }),
  };
}

/** The prompts one by one: the mean logit of right answers less that of wrong ones. */
function asked({ tokens, right, wrong }: Prompts): Asked[] {
  return Array.from({ length: tokens.dims[0] }, (_, row) => {
    const [good, bad] = [right.at(row).toNumbers(), wrong.at(row).toNumbers()];
    const [goods, bads] = [good, bad].map(flags => flags.filter(Boolean).length || 1);
    const of = Float32Array.from(good, (flag, i) => flag / goods - bad[i] / bads);
    return { tokens: tokens.at(row).reshape([1, tokens.dims[1]]), of };
  });
}

/** How often the likeliest word is a right one. */
async function answered(model: Model, task: NamesTask, count: number): Promise<number> {
  const { tokens, right } = names.prompts(rng('held out'), count, task);
  const { outputs } = await model.run({ tokens });
  const good = Array.from({ length: count }, (_, row) => {
    const logits = outputs.logits.at(row).at(-1).toNumbers();
    return right.at(row).toNumbers()[logits.indexOf(Math.max(...logits))];
  });
  return good.filter(Boolean).length / count;
}

transcoders.experiment = experiment({
  question: 'Do the features behind “a later year” carry that answer, and no other?',
  seeds: 3,
  arms: { circuit: 'the greater-than circuit taken out' },
  controls: {
    random: 'as many other active features taken out; edges dealt out anew',
    other: 'the circuit of another task taken out',
  },
  marks: {
    'greater-than, right answers': { of: own => own.greater, atMost: 0.8, control: 'random' },
    'indirect objects, right answers': { of: own => own.indirect, atLeast: 0.95, control: 'other' },
    'edges predict, norms held (Pearson)': { of: own => own.held, atLeast: 0.9, control: 'random' },
    'edges tested': { of: own => own.edges, atLeast: 100 },
    'sums miss pre-activations by': { of: own => own.missed, atMost: 1e-5 },
  },
  async prepare({ seed, scaled }) {
    const model = await load('zoo:names');
    const sizes = {
      features: scaled(256, 128),
      steps: scaled(300, 120),
      batch: scaled(512, 256),
      most: scaled(1024, 128),
    };
    const told = names.batch(rng(`${seed}/read`), scaled(768, 192));
    const found = await transcoders(model, told, { ...sizes, seed, live: false });
    const prompts = (task: NamesTask) => asked(names.prompts(rng(`${seed}/${task}`), scaled(6, 2), task));
    const [greater, indirect] = [prompts('greater'), prompts('indirect')];
    const own = await found.circuit(greater, indirect);
    const other = await found.circuit(indirect, greater);
    return { found, greater, own, other, size: scaled(32, 48), asks: scaled(200, 50) };
  },
  async run({ arm, seed, shared: { found, greater, own, other, size, asks } }) {
    const rest = own.slice(size);
    const drawn = rng(`${seed}/drawn`)
      .permutation(rest.length)
      .map(i => rest[i]);
    const features = { circuit: own, random: drawn, other }[arm].slice(0, size);
    const without = found.without(features);
    const figures = {
      greater: await answered(without, 'greater', asks),
      indirect: await answered(without, 'indirect', asks),
    };
    without.dispose();
    if (arm === 'other') return figures;
    const [prompt] = greater;
    const graph = await found.trace(prompt);
    const edges = graph.edges.filter(({ from }) => graph.nodes[from].kind === 'feature').slice(0, 150);
    const agree = async (free: transcoder.InterventionOptions) => {
      const results = await found.check(prompt, graph, edges, free);
      const dealt = rng(`${seed}/dealt`).permutation(results.length);
      return transcoder.agreement(arm === 'random' ? results.map((one, i) => ({ ...one, predicted: results[dealt[i]].predicted })) : results); // prettier-ignore
    };
    return {
      ...figures,
      held: await agree({}),
      'norms free': await agree({ norms: false }),
      'all free': await agree({ norms: false, patterns: false, others: false }),
      edges: edges.length,
      missed: graph.gap,
    };
  },
});
