/**
 * What readers may move: each control is an ordinary edit of the network whose strength, channel or threshold is an
 * input of the graph, or takes the place of one of the network's own inputs.
 */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { formatDims, wrapAxis } from '../../base/shape.ts';
import { tensor, type Tensor, type TensorLike } from '../../base/tensor.ts';
import { controlOf } from '../../display/controls.ts';
import { pack, packBytes } from '../../display/packed.ts';
import type { LiveControl } from '../../display/views/live.ts';
import { add, constant, equal, greater, mul, where } from '../../engine/functions.ts';
import type { Trace } from '../../engine/trace.ts';
import type { Var } from '../../engine/var.ts';
import type { Edit } from '../../model/edits.ts';
import type { Site } from '../../model/sites.ts';

/** A control before it has its name. */
export interface ControlPart {
  /** @param input the name of the graph's input that it feeds; @param dims the sizes of the network's own inputs */
  control(input: string, dims: (input: string) => readonly number[]): LiveControl;
  /** Where in the network it acts; nowhere where it is itself an input, or is read by views alone. */
  edit?(input: string): Edit;
  /** The network's input that it takes the place of. */
  readonly replaces?: string;
}

/** The input of a control in the trace of an edit: a scalar that the reader sets. */
const knob = (value: Var, input: string, dtype: 'float32' | 'int64'): Var =>
  (value.trace as Trace).input(input, dtype, []);

export interface SliderRange {
  min: number;
  max: number;
  step?: number;
  /** Where it begins: 0 where that lies between, else `min`. */
  value?: number;
}

const sliding =
  (range: SliderRange) =>
  (input: string): LiveControl => {
    const { min, max } = range;
    // about a hundred places, also between whole numbers
    const step = range.step ?? 10 ** Math.round(Math.log10((max - min) / 100));
    const control = controlOf(input, { ...range, step });
    if (control.kind !== 'slider') throw new NeuronbookError(`no slider: ${JSON.stringify(range)}`);
    return { ...control, input };
  };

/**
 * A number. With a site and what to make of its value, an edit there; without, a number for views alone (`control` in
 * what they show).
 * @param build the site's value and the number in, the edited value of the same dims out
 * @example
 * figure.slider({ min: 0, max: 2, value: 1 }, 'conv3', (value, by) => ops.mul(value, by))
 */
export function slider(
  range: SliderRange,
  site?: string,
  build?: (value: Var, number: Var) => Var,
): ControlPart {
  const control = sliding(range);
  if (!site || !build) return { control };
  return {
    control,
    edit: input => ({
      site,
      text: `slider('${site}')`,
      build: value => build(value, knob(value, input, value.dtype as 'float32')),
    }),
  };
}

/**
 * Adds strength · direction at every position of a site; the slider is the strength.
 * @param direction one number per channel, or anything that broadcasts to the site
 * @throws ShapeError where the direction does not fit the site
 * @example figure.steer('conv5', Array.from({ length: 128 }, (_, i) => Number(i === 3)), { min: -4, max: 4 })
 */
export function steer(
  site: string,
  direction: TensorLike,
  { axis, ...range }: Partial<SliderRange> & { axis?: number } = {},
): ControlPart {
  const { min = -4, max = 4, ...more } = range;
  return {
    control: sliding({ min, max, ...more }),
    edit: input => ({
      site,
      text: `steer('${site}')`,
      build(value, at) {
        const channels = axisOf(value, at, axis);
        const given = tensor(direction).cast(value.dtype);
        if (given.dims.length === 1 && given.size !== value.dims[channels])
          throw new ShapeError(
            `direction of ${given.size} numbers at ${at.name}; expected ${value.dims[channels]}, one per channel`,
          );
        const shaped = given.dims.length === 1 ? given.reshape(alongAxis(value, channels)) : given;
        return add(value, mul(constant(value.trace, shaped), knob(value, input, 'float32')));
      },
    }),
  };
}

/**
 * Silences values that are not above a threshold; the slider is the threshold.
 * @example figure.threshold('relu3', { min: 0, max: 4 })
 */
export function threshold(site: string, range: SliderRange): ControlPart {
  return slider(range, site, (value, least) => where(greater(value, least), value, 0));
}

export interface AblateOptions {
  /** Which may be chosen; all where left out. */
  channels?: readonly number[];
  /** The axis that counts them, e.g. 1 for the heads of a pattern; the site's own where left out. */
  axis?: number;
  /** One name for each that may be chosen. */
  names?: readonly string[];
  /** What is written in its place. */
  to?: number;
  /** What a name is made of where there are none. */
  what?: string;
}

/**
 * Sets one channel, or one head, to zero; the choice is which, and begins at none.
 * @throws ShapeError where a channel is out of range
 * @example figure.ablate('conv3', { channels: [5, 6, 7] })
 */
export function ablate(
  site: string,
  { channels, axis, names, to = 0, what = 'channel' }: AblateOptions = {},
): ControlPart {
  // the choice is made before the site is known; what there is to choose from shows when the edit is built
  let list = channels ? [...channels] : undefined;
  return {
    edit: input => ({
      site,
      text: `ablate('${site}')`,
      build(value, at) {
        const along = axisOf(value, at, axis);
        const count = value.dims[along];
        list ??= Array.from({ length: count }, (_, i) => i);
        const outside = list.find(channel => !Number.isInteger(channel) || channel < 0 || channel >= count);
        if (outside !== undefined)
          throw new ShapeError(`channel out of range: ${outside} at ${at.name}; expected 0 to ${count - 1}`);
        // the place of each channel among those to choose from; −2 can never be chosen
        const places = new BigInt64Array(count).fill(-2n);
        list.forEach((channel, i) => (places[channel] = BigInt(i)));
        const mine = constant(value.trace, tensor(places, alongAxis(value, along)));
        return where(equal(mine, knob(value, input, 'int64')), to, value);
      },
    }),
    control(input) {
      const shown = names ?? list!.map(channel => `${what} ${channel}`);
      if (shown.length !== list!.length)
        throw new ShapeError(`${shown.length} names to choose from at ${site}; expected ${list!.length}`);
      return { kind: 'choice', options: ['none', ...shown], value: 'none', input, first: -1 };
    },
  };
}

/**
 * The picture that the network sees: one of some, or one that the reader brings.
 * @param input the network's input
 * @param given by name, 1×3×H×W or 1×1×H×W; kept as 8-bit colours
 * @param options `own`: readers may choose a file of their own, for networks whose pictures are in [0, 1] (default)
 * @throws ShapeError where pictures differ in size
 * @example figure.pictures('image', { zigzag: image, brighter })
 */
export function pictures(
  input: string,
  given: Readonly<Record<string, Tensor>>,
  { own = true }: { own?: boolean } = {},
): ControlPart {
  const entries = Object.entries(given);
  if (!entries.length) throw new NeuronbookError(`no pictures for ${input}; expected at least one, by name`);
  const [[, { dims }]] = entries;
  const numbers = entries.map(([name, picture]) => {
    if (
      picture.dims.join() !== dims.join() ||
      dims.length !== 4 ||
      dims[0] !== 1 ||
      ![1, 3].includes(dims[1])
    )
      throw new ShapeError(
        `picture ${name} is ${formatDims(picture.dims)}; expected all to be 1×3×H×W or 1×1×H×W, of one size`,
      );
    return picture.toFloat32OrWider();
  });
  const inside = numbers.every(list => list.every(value => value >= 0 && value <= 1));
  const options = entries.map(([name]) => name);
  const packed = numbers.map(list => (inside ? packBytes(list, dims, [0, 1]) : pack(list, dims)));
  return {
    replaces: input,
    control: to => ({
      kind: 'picture',
      options,
      value: options[0],
      input: to,
      pictures: packed,
      own: own && inside,
    }),
  };
}

export interface WordsOptions {
  /** By number. */
  words: readonly string[];
  /** The text that it begins with, words apart by spaces. */
  value: string;
  /** Words that are always in front, e.g. `<bos>`. */
  before?: readonly string[];
}

/**
 * A text of words that are known by number. In what views show, `control` gives the place of the last word.
 * @param input the network's input, int64 1×length: `length` words are the most
 * @throws NeuronbookError where the text has words that are not known
 * @example figure.words('tokens', { words: copying.vocabulary.words, value: 'ka co fi ka co', before: ['<bos>'] })
 */
export function words(input: string, { words, value, before = [] }: WordsOptions): ControlPart {
  return {
    replaces: input,
    control(to, dims) {
      const shape = dims(input);
      if (shape.length !== 2 || shape[0] !== 1)
        throw new ShapeError(`input ${input} is ${formatDims(shape)}; expected 1×length for a text`);
      return {
        kind: 'words',
        value,
        input: to,
        words: [...words],
        before: [...before],
        length: shape[1],
        fixed: false,
        last: `${to}.last`,
      };
    },
  };
}

const axisOf = (value: Var, site: Site, axis: number | undefined): number =>
  wrapAxis(axis ?? site.channelAxis, value.dims.length);

/** Dims that broadcast a per-channel vector: [1, C, 1, 1]. */
const alongAxis = (value: Var, axis: number): number[] => value.dims.map((dim, i) => (i === axis ? dim : 1));
