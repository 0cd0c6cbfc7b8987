/**
 * Feature visualization: the picture that excites a channel, found by ascent. This is the recipe, it holds no
 * arithmetic: `assemble` makes one graph of objective, network, transforms and parameterization, with its gradient, and
 * `train/ascend` runs it.
 * @see https://distill.pub/2017/feature-visualization (Olah, Mordvintsev & Schubert 2017)
 */
import { InterruptError, NeuronbookError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import { rng as seeded, type Rng } from '../../base/rng.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Selecting } from '../../display/view-value.ts';
import { compile } from '../../engine/compile.ts';
import type { Override } from '../../engine/override.ts';
import type { ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import { Objective } from '../../model/objective.ts';
import { ascend, type AscentGraphOptions } from '../../train/ascend.ts';
import { adam } from '../../train/optimizer.ts';
import { assemble, shown, type Parts } from './assemble.ts';
import { fourier, type Parameterization } from './image/index.ts';
import { groupsOf } from './groups.ts';
import { inputOf, pictureDims } from './input.ts';
import { channel, direction, neuron } from './objectives/index.ts';
import type { Regularizer } from './regularizers.ts';
import { Feature, type FeaturePicture, type FeatureSelection } from './result.ts';
import { standardTransforms, type Transform } from './transforms/index.ts';
import { WAKING, wakes } from './wake.ts';

export interface FeatureOptions
  extends Pick<AscentGraphOptions, 'optimizer' | 'gradient'>, Selecting<FeatureSelection> {
  /** Which channel of the site; several make a grid. */
  channel?: number;
  channels?: readonly number[];
  /** The unit at the centre of that channel, instead of the whole channel. */
  neuron?: number;
  /** A direction in channel space, one number per channel. */
  direction?: readonly number[] | Float32Array;
  /** Pictures of each objective; `diversity` keeps them apart. */
  count?: number;
  /** Ascent steps; 128 shows most features, 512 is for print. */
  steps?: number;
  /** Adam's step size, in units of the parameterization. Another optimizer: `optimizer`. */
  lr?: number;
  /** The same seed gives the same picture. */
  seed?: number;
  /** How numbers become a picture: `fourier`, `pixel`, `pyramid`, `lowRank`, `cppn`, `alpha`. */
  image?: Parameterization;
  /** What is done to the picture before each step; `[]` for none. */
  transforms?: readonly Transform[];
  /** What the picture pays for: `viz.regularize.totalVariation(5)`. */
  regularize?: readonly Regularizer[];
  /** How pictures enter the network, where its file does not say. */
  input?: Partial<ImageInput>;
  /** Gradient rules that hold while the picture forms. */
  override?: readonly Override[];
  /**
   * For how many steps closed ReLUs let through what would open them, in a picture that gets no gradient at its first;
   * 0 for never.
   */
  wake?: number;
  /** The picture's height and width, where the network takes any. */
  size?: number;
  /** Show the pictures while they form. */
  live?: boolean;
}

/**
 * The picture, or grid of pictures, that most excites what is asked for.
 * @param what a site name, with `channel`, `channels`, `neuron` or `direction`; or an objective, or a list of them
 * `onSelect` gets the picture that a reader clicks, once it is large.
 * @returns the pictures in [0, 1], N×C×H×W, with the course of each ascent; Interrupt keeps what there is so far
 * @throws NameError on a site that does not exist; ShapeError on a channel that does not
 * @example await viz.feature(model, 'conv3', { channel: 5 })
 */
export async function feature(
  model: Model,
  what: string | Objective | readonly Objective[],
  options: FeatureOptions = {},
): Promise<Feature> {
  const { steps = 128, count = 1, live = true } = options;
  for (const [name, value] of Object.entries({ steps, count }))
    if (!Number.isInteger(value) || value < 1)
      throw new NeuronbookError(`${name}: ${value}; expected a whole number from 1`);
  const objectives = objectivesOf(what, options).flatMap(each => Array.from({ length: count }, () => each));
  const title =
    typeof what === 'string' ? `What ${model.name} sees at ${what}` : `What excites ${model.name}`;
  const result = new Feature(
    title,
    objectives.map(String),
    steps,
    objectives.map(objective => labelOf(model, objective)),
    options.onSelect,
  );
  if (live) result.open();
  const input = inputOf(model, options.input);
  const dims = pictureDims(model, input.input, objectives.length, options.size);
  const seed = seeded(options.seed ?? 0).split('feature');
  let first = 0;
  for (const group of groupsOf(model, objectives, input, dims)) {
    if (host().interrupted) break;
    // several pictures of one objective are not one picture several times
    const rng = first ? seed.split(`from ${first}`) : seed;
    const report = (pictures: FeaturePicture[]) => result.update(first, pictures);
    const last = await ascendGroup(model, group, options, steps, rng, report);
    result.keep(first, last);
    first += group.length;
    // the last of all are shown by `finish`, once
    if (first < objectives.length && !host().interrupted) result.show();
  }
  result.finish();
  return result;
}

/** Reports pictures while they form, and gives the last. */
async function ascendGroup(
  model: Model,
  objectives: readonly Objective[],
  options: FeatureOptions,
  steps: number,
  rng: Rng,
  report: (pictures: FeaturePicture[]) => void,
): Promise<FeaturePicture[]> {
  const { image = fourier(), wake = WAKING } = options;
  const { optimizer = adam({ lr: options.lr ?? image.lr ?? 0.05 }), gradient } = options;
  const input = inputOf(model, options.input);
  const picture = pictureDims(model, input.input, objectives.length, options.size);
  const {
    transforms = standardTransforms(Math.min(picture[2], picture[3])),
    regularize = [],
    override = [],
  } = options;

  // 1. one graph of everything, and a small one that only shows the picture
  const parts: Parts = {
    ...{ model, objectives, input, picture, image, transforms, regularize, override, optimizer, gradient },
  };
  const { step: graph, feed } = assemble(parts);
  const usual = await compile(graph);
  const decode = await compile(shown(image, picture));
  const picturesOf = async (parameters: Tensor): Promise<Tensor> =>
    (await decode.run({ parameters })).picture;

  // 2. ascend, with fresh draws at each step
  const curves = objectives.map((): { step: number; value: number }[] => []);
  let seen: Tensor | undefined;
  const snapshot = async (at: Tensor): Promise<FeaturePicture[]> => {
    const pixels = await picturesOf(at).catch((error: unknown) => {
      // on a slow machine the step in which the reader interrupted took all the time there was for another
      if (error instanceof InterruptError && seen) return seen;
      throw error;
    });
    seen = pixels;
    return objectives.map((_, b) => ({ pixels: pixels.at(b), curve: curves[b] }));
  };
  const draws = rng.split('transforms');
  const start = image.start(picture, rng.split('start'));
  let [program, awake] = [usual, 0];
  let last = start;
  let shownAt = Date.now();
  for await (const { step, parameters, scores } of ascend(() => program, start, {
    steps,
    optimizer,
    feed: step => feed(draws, step - 1, steps),
  })) {
    scores.forEach((value, b) => curves[b].push({ step, value }));
    last = parameters;
    if (step === 1 && wake > 0 && wakes(model.graph).length) {
      const stuck = unmoved(await picturesOf(start), await picturesOf(parameters));
      if (stuck) {
        program = await compile(assemble({ ...parts, override: [...override, ...wakes(model.graph)] }).step);
        awake = wake;
      }
    } else if (awake && step > awake) program = usual;
    if (Date.now() - shownAt < 400) continue;
    report(await snapshot(parameters));
    shownAt = Date.now();
  }
  return snapshot(last);
}

/** Whether a picture of a batch is what it was. */
function unmoved(before: Tensor, after: Tensor): boolean {
  const [a, b] = [before.data as Float32Array, after.data as Float32Array];
  const each = a.length / before.dims[0];
  return Array.from({ length: before.dims[0] }).some((_, n) => {
    for (let i = n * each; i < (n + 1) * each; i++) if (a[i] !== b[i]) return false;
    return true;
  });
}

function objectivesOf(
  what: string | Objective | readonly Objective[],
  options: FeatureOptions,
): readonly Objective[] {
  if (what instanceof Objective) return [what];
  if (typeof what !== 'string') return what as readonly Objective[];
  if (options.neuron !== undefined) return [neuron(what, options.neuron)];
  if (options.direction !== undefined) return [direction(what, options.direction)];
  const channels = options.channels ?? (options.channel === undefined ? undefined : [options.channel]);
  if (!channels?.length)
    throw new NeuronbookError(
      `nothing to excite at ${what}; give { channel: 5 }, { channels: [0, 1] }, { neuron: 5 }, { direction } or an objective`,
    );
  return channels.map(index => channel(what, index));
}

/** `channel('conv3', 5)` → `channel 5`; a class score by its class, where the file names its classes. */
function labelOf(model: Model, { text }: Objective): string {
  const single = /^(\w+)\('([^']*)', (\d+)(?:, \[[\d, ]*\])?\)$/.exec(text);
  if (!single) return text;
  const [, kind, site, index] = single;
  const isOutput = model.sites.has(site) && model.sites.get(site).kind === 'output';
  return (isOutput && model.imageInput?.labels?.[Number(index)]) || `${kind} ${index}`;
}
