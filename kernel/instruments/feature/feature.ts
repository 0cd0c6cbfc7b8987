/**
 * Feature visualization: the picture that excites a channel, found by ascent. This is the recipe, it holds no
 * arithmetic: objective ∘ network ∘ preprocessing ∘ transforms ∘ parameterization is one graph, its gradient more
 * of the same graph, and `train/ascend` runs it.
 * @see https://distill.pub/2017/feature-visualization (Olah, Mordvintsev & Schubert 2017)
 */
import { NeuronbookError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import { rng as seeded } from '../../base/rng.ts';
import type { Tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import type { Override } from '../../engine/override.ts';
import { Trace } from '../../engine/trace.ts';
import { imageInput, type ImageInput } from '../../model/image-input.ts';
import type { Model } from '../../model/model.ts';
import { Objective } from '../../model/objective.ts';
import { ascend, ascentGraph, type AscentGraphOptions } from '../../train/ascend.ts';
import { adam } from '../../train/optimizer.ts';
import { fourier, preprocess, type Parameterization, type PictureDims } from './image.ts';
import { channel, direction, neuron, perExample } from './objectives.ts';
import { mapDims, mapTensor, resample } from './resample.ts';
import { Feature, type FeaturePicture } from './result.ts';
import { compose, reachOf, standardTransforms, type Transform } from './transforms.ts';

export interface FeatureOptions extends AscentGraphOptions {
  /** Which channel of the site; several make a grid. */
  channel?: number;
  channels?: readonly number[];
  /** The unit at the centre of that channel, instead of the whole channel. */
  neuron?: number;
  /** A direction in channel space, one number per channel. */
  direction?: readonly number[] | Float32Array;
  /** Ascent steps; 128 shows most features, 512 is for print. */
  steps?: number;
  /** Adam's step size, in units of the parameterization. Another optimizer: `optimizer`. */
  lr?: number;
  /** The same seed gives the same picture. */
  seed?: number;
  image?: Parameterization;
  /** What is done to the picture before each step; `[]` for none. */
  transforms?: readonly Transform[];
  /** How pictures enter the network, where its file does not say. */
  input?: Partial<ImageInput>;
  /**
   * Gradient rules that hold while the picture forms. A unit behind a ReLU that is closed at the start gets no gradient:
   * `override('Relu', ({ dy }) => dy)` wakes it.
   */
  override?: readonly Override[];
  /** The picture's height and width, where the network takes any. */
  size?: number;
  /** Show the pictures while they form. */
  live?: boolean;
}

/**
 * The picture, or grid of pictures, that most excites what is asked for.
 * @param what a site name, with `channel`, `channels`, `neuron` or `direction`; or an objective, or a list of them
 * @returns the pictures in [0, 1], N×C×H×W, with the course of each ascent; Interrupt keeps what there is so far
 * @throws NameError on a site that does not exist; ShapeError on a channel that does not
 * @example await viz.feature(model, 'conv3', { channel: 5 })
 */
export async function feature(
  model: Model,
  what: string | Objective | readonly Objective[],
  options: FeatureOptions = {},
): Promise<Feature> {
  const { steps = 128, live = true } = options;
  if (!Number.isInteger(steps) || steps < 1)
    throw new NeuronbookError(`steps: ${steps}; expected a whole number from 1`);
  const objectives = objectivesOf(what, options);
  const title =
    typeof what === 'string' ? `What ${model.name} sees at ${what}` : `What excites ${model.name}`;
  const result = new Feature(
    title,
    objectives.map(String),
    steps,
    objectives.map(objective => labelOf(model, objective)),
  );
  if (live) result.open();
  // a network with a fixed batch takes its pictures one after another; otherwise all ascend together
  const groups = batchVaries(model, options) ? [objectives] : objectives.map(objective => [objective]);
  let first = 0;
  for (const group of groups) {
    if (host().interrupted) break;
    await ascendGroup(model, group, options, steps, pictures => result.update(first, pictures));
    first += group.length;
  }
  result.finish();
  return result;
}

async function ascendGroup(
  model: Model,
  objectives: readonly Objective[],
  options: FeatureOptions,
  steps: number,
  report: (pictures: FeaturePicture[]) => void,
): Promise<void> {
  const { seed = 0, lr = 0.05, image = fourier(), optimizer = adam({ lr }) } = options;
  const input = imageInput(model.graph, { ...model.imageInput, ...options.input });
  const picture = pictureDims(model, input.input, objectives.length, options.size);
  const [, , height, width] = picture;
  const transforms = options.transforms ?? standardTransforms(Math.min(height, width));
  const rng = seeded(seed).split('feature');

  // 1. one graph: parameters → picture → transformed → network → objectives, and its gradient
  const trace = new Trace();
  const parameters = trace.input('parameters', 'float32', image.dims(picture));
  const decoded = image.decode(parameters, picture);
  const seen = transforms.length
    ? resample(decoded, trace.input('map', 'float32', mapDims), reachOf(transforms))
    : decoded;
  const traced = model.trace({ [input.input]: preprocess(seen, input) });
  const scores = perExample(objectives)(traced);
  const step = await compile(
    traced.overriding(options.override ?? [], () =>
      ascentGraph(trace, parameters, scores, { ...options, optimizer }),
    ),
  );

  // 2. and a small one that only shows the picture
  const view = new Trace();
  const shown = view.graph(
    { picture: image.decode(view.input('parameters', 'float32', image.dims(picture)), picture) },
    'picture',
  );
  const decode = await compile(shown);

  // 3. ascend, with a fresh draw of the transforms at each step
  const curves = objectives.map((): { step: number; value: number }[] => []);
  const snapshot = async (at: Tensor): Promise<FeaturePicture[]> => {
    const { picture: pixels } = await decode.run({ parameters: at });
    return objectives.map((_, b) => ({ pixels: pixels.at(b), curve: curves[b] }));
  };
  const draws = rng.split('transforms');
  const feed = (): Record<string, Tensor> =>
    transforms.length ? { map: mapTensor(compose(transforms, draws), height, width) } : {};
  const start = image.start(picture, rng.split('start'));
  let last = start;
  let shownAt = Date.now();
  for await (const { step: done, parameters: reached, scores } of ascend(step, start, {
    steps,
    optimizer,
    feed,
  })) {
    scores.forEach((value, b) => curves[b].push({ step: done, value }));
    last = reached;
    if (Date.now() - shownAt < 400) continue;
    report(await snapshot(reached));
    shownAt = Date.now();
  }
  report(await snapshot(last));
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

const shapeOf = (model: Model, name: string) => model.graph.inputs.find(input => input.name === name)?.dims;

function batchVaries(model: Model, options: FeatureOptions): boolean {
  const { input } = imageInput(model.graph, { ...model.imageInput, ...options.input });
  return typeof shapeOf(model, input)?.[0] === 'string';
}

function pictureDims(model: Model, input: string, count: number, size?: number): PictureDims {
  const dims = shapeOf(model, input);
  if (dims?.length !== 4)
    throw new NeuronbookError(
      `input ${input} of ${model.name} is not a picture; expected batch × channels × height × width`,
    );
  const [, channels, height, width] = dims.map(dim => (typeof dim === 'number' ? dim : undefined));
  if (!channels || !(height ?? size) || !(width ?? size))
    throw new NeuronbookError(
      `input ${input} of ${model.name} takes pictures of any size; give { size: 64 }`,
    );
  return [count, channels, height ?? size!, width ?? size!];
}
