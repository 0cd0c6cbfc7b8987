/**
 * Multifaceted feature visualization: one picture for each kind of input that a unit answers to. A unit that stands for
 * melons answers to green balls and to red slices; plain ascent shows one of them, or a mixture.
 *
 *   1. inputs X⁺ that excite the unit more than half of the way from the median of all to the most; of a class, those
 *      that the network takes for it
 *   2. the directions of their activations at a late site → principal axes → k-means; the number of clusters by the
 *      mean silhouette, and a single facet where none is above 0.35 or two middles are nearer to each other than 0.4
 *      of the mean distance between any two inputs
 *   3. for each facet x₀ = mean of the 15 inputs nearest its middle, and ascent from there: x ← x + η·∂unit/∂x
 *
 * The paper takes the training images of a class, and has t-SNE between principal axes and k-means, and ten clusters for
 * every unit: here nobody labels the inputs, the sets are small, so t-SNE is left out, and the number is measured.
 * @see https://arxiv.org/abs/1602.03616 (Nguyen, Yosinski & Clune 2016)
 */
import {
  channel,
  experiment,
  facets,
  gratings,
  load,
  logit,
  Model,
  nn,
  ops,
  rng,
  tensor,
  textures,
  viz,
} from 'neuronbook';
import type { Objective, Tensor } from 'neuronbook';

export interface MultifacetedOptions {
  /** What each picture is to excite. */
  unit: Objective;
  /** The site whose activations tell kinds of input apart. */
  site: string;
  /** Inputs that count, by number; all where left out. Of a class: what the network takes for it. */
  among?: readonly number[];
  /** Inputs that the start of a facet is the mean of. */
  mean?: number;
  /** Where each ascent starts: the facet's mean, or noise, which is plain feature visualization. */
  start?: 'mean' | 'noise';
  steps?: number;
  lr?: number;
  seed?: number;
  live?: boolean;
}

export interface Facetted {
  /** How many kinds of input were found. */
  readonly count: number;
  /** A picture for each, the largest facet first. */
  readonly images: Tensor;
  /** Where each started. */
  readonly starts: Tensor;
  /** The inputs of each, by number, from the middle outwards. */
  readonly inputs: readonly (readonly number[])[];
  /** Mean silhouette by number of clusters. */
  readonly silhouettes: Readonly<Record<number, number>>;
}

/**
 * The facets of a unit.
 * @param images what it may answer to, N×C×H×W in [0, 1], of the network's size
 */
export async function multifaceted(
  model: Model,
  images: Tensor,
  options: MultifacetedOptions,
): Promise<Facetted> {
  const { unit, site, mean = 15, start = 'mean', steps = 96, lr = 0.03, seed = 0, live = true } = options;

  // 1. what excites
  const scores = [...(await viz.score(model, unit, images))];
  const { among = [...scores.keys()] } = options;
  const sorted = [...scores].sort((a, b) => a - b);
  const bound = (sorted[Math.floor(sorted.length / 2)] + sorted.at(-1)!) / 2;
  const exciting = among.filter(i => scores[i] > bound);

  // 2. kinds of it
  const { [site]: seen } = await viz.activations(model, images, [site]);
  const rows = scores.map((_, i) => unitLength(seen.at(i).toNumbers()));
  const excited = exciting.map(i => rows[i]);
  const found = await facets(excited, { apart: 0.4 * meanDistance(rows), seed });
  const inputs = found.members.map(own => own.map(i => exciting[i])).sort((a, b) => b.length - a.length);

  // 3. a picture of each
  const starts = viz.stack(inputs.map(own => viz.mean(own.slice(0, mean).map(i => images.at(i)))));
  const image = viz.fourier(start === 'mean' ? { from: starts } : {});
  const made = await viz.feature(model, unit, { count: inputs.length, image, steps, lr, seed, live });
  return { count: inputs.length, images: made.images, starts, inputs, silhouettes: found.silhouettes };
}

const unitLength = (values: readonly number[]): number[] => {
  const length = Math.hypot(...values) || 1;
  return values.map(value => value / length);
};

/** √(2(1 − |mean|²)) for vectors of length 1: the root of the mean squared distance between two of them. */
const meanDistance = (rows: readonly (readonly number[])[]): number => {
  const mean = rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);
  return Math.sqrt(2 * (1 - Math.hypot(...mean) ** 2));
};

/** unit = max over bands of gain · energy, an energy being the mean over the picture of four rectified phases. */
function gratingUnit(gains: Readonly<Record<number, number>>): Model {
  const { bands, size, wave } = gratings;
  const filters = Array.from({ length: bands * 4 }, (_, map) => {
    const values = Array.from({ length: 81 }, (_, i) => {
      const [x, y] = [(i % 9) - 4, Math.floor(i / 9) - 4];
      return wave(map >> 2, ((map % 4) * Math.PI) / 2, x, y) * Math.exp(-(x * x + y * y) / 18);
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / 81;
    return unitLength(values.map(value => value - mean));
  });
  const sums = Array.from({ length: bands * bands * 4 }, (_, i) => {
    const [band, map] = [Math.floor(i / (bands * 4)), i % (bands * 4)];
    return map >> 2 === band ? (gains[band] ?? 0) : 0;
  });
  const init = (values: readonly number[]) => (dims: readonly number[]) => tensor(values, dims);
  const fixed = (values: readonly number[]) => ({ bias: false, init: init(values) });
  const weighed = nn.sequential(
    nn.conv('filters', { channels: bands * 4, kernel: 9, pad: 0, ...fixed(filters.flat()) }),
    nn.relu('waves'),
    nn.globalAveragePool('pool'),
    nn.flatten('energies'),
    nn.linear('bands', { features: bands, ...fixed(sums) }),
  );
  const build: nn.Network = ({ image }, scope) => ({ unit: ops.reduceMax(weighed(image, scope), [1], true) });
  return new Model('gratings', nn.network({ build }, { inputs: { image: ['batch', 1, size, size] } }));
}

/** Red minus green in the middle of a picture 3×48×48: a cut melon is red, a whole one green. */
function redness(picture: Tensor): number {
  const values = picture.toNumbers();
  const inner = Array.from({ length: 24 * 24 }, (_, i) => (12 + Math.floor(i / 24)) * 48 + 12 + (i % 24));
  return inner.reduce((sum, p) => sum + values[p] - values[p + 48 * 48], 0) / inner.length;
}

const most = (values: readonly number[]): number => values.indexOf(Math.max(...values));

/** The class that each picture is taken for. */
const takenFor = async (zoo: Model, image: Tensor): Promise<number[]> =>
  ((await zoo.run({ image })).outputs.logits.toArray() as number[][]).map(most);

multifaceted.experiment = experiment({
  question: 'Does a unit that answers to two kinds of input get a picture of each?',
  // the rules were made with 1 to 3, 11, 12 and 101 to 105 in sight
  seeds: [201, 202, 203, 204, 205],
  arms: { facets: 'each picture from the mean of one kind of exciting input' },
  controls: { noise: 'as many pictures, each from noise' },
  marks: {
    'bands of a two-band unit that are shown': { of: own => own.bands, atLeast: 2, control: 'noise' },
    'faces of the melon that are shown': { of: own => own.faces, atLeast: 2, control: 'noise' },
    'pictures that the network takes for melons': { of: own => own.melons, atLeast: 1 },
    'facets of two-faced units, fewest': { of: own => own.fewest, atLeast: 2 },
    'facets of two-faced units, most': { of: own => own.most, atMost: 2 },
    'facets of one-faced units': { of: own => own.single, atMost: 1 },
  },
  async prepare({ seed, scaled }) {
    const [first, second] = rng(`bands ${seed}`).permutation(gratings.bands);
    const wave = { unit: channel('unit', 0), site: 'energies' };
    const zoo = await load('zoo:textures');
    const drawings = textures.batch(rng(`drawings ${seed}`), scaled(700, 420)).image;
    return {
      bands: [first, second],
      // the second counts less, as some kinds of input do in trained networks
      double: { ...wave, model: gratingUnit({ [first]: 1, [second]: 0.8 }) },
      single: { ...wave, model: gratingUnit({ [first]: 1 }) },
      waves: gratings.batch(rng(`waves ${seed}`), scaled(240, 120)).image,
      ...{ zoo, drawings, taken: await takenFor(zoo, drawings) },
    };
  },
  async run({ seed, arm, shared, scaled }) {
    const { bands, double, single, zoo, waves, drawings, taken } = shared;
    const start: MultifacetedOptions['start'] = arm === 'noise' ? arm : 'mean';
    const options = { start, seed: Number(seed), steps: scaled(96, 64), live: false };
    const [melons, star] = [textures.classes.indexOf('melon'), textures.classes.indexOf('star')];
    const among = (name: number) => taken.flatMap((said, i) => (said === name ? [i] : []));
    const of = (name: number) => ({ unit: logit('logits', name), site: 'features', among: among(name) });
    const two = await multifaceted(double.model, waves, { ...double, ...options });
    const melon = await multifaceted(zoo, drawings, { ...of(melons), ...options });
    const one = await multifaceted(single.model, waves, { ...single, ...options, steps: 1 });
    const sharp = await multifaceted(zoo, drawings, { ...of(star), ...options, steps: 1 });
    // what was built in is looked at here only
    const pictures = Array.from({ length: two.count }, (_, i) => two.images.at(i));
    const shown = new Set(pictures.map(picture => most(gratings.power(picture))));
    const reds = Array.from({ length: melon.count }, (_, i) => redness(melon.images.at(i)));
    return {
      bands: bands.filter(band => shown.has(band)).length,
      faces: +reds.some(red => red > 0.05) + +reds.some(red => red < -0.05),
      melons: (await takenFor(zoo, melon.images)).filter(said => said === melons).length / melon.count,
      fewest: Math.min(two.count, melon.count),
      most: Math.max(two.count, melon.count),
      single: Math.max(one.count, sharp.count),
    };
  },
});
