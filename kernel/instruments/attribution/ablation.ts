/**
 * Attributions by taking away: the score of an example minus its score with some of its numbers replaced. Needs no
 * gradient, so it works at token ids too. Many replacements run as one batch.
 */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { formatDims, stridesOf } from '../../base/shape.ts';
import { tensor, type TensorLike } from '../../base/tensor.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { factsOf } from './facts.ts';
import { broadcast, floats, type Numbers } from './numbers.ts';
import { Attribution } from './result.ts';
import { Subject, type Asked, type Batched, type Row } from './subject.ts';

export interface AblationOptions extends Asked, Batched {
  /** What takes the place: a number (of a token: its id), what broadcasts to the site, or other inputs. */
  baseline?: number | TensorLike | Inputs;
  /**
   * Which numbers go together: whole numbers that broadcast to one example, one for each group. Where left out: a
   * token (with its vector), a channel of a picture, else a number by itself.
   */
  groups?: TensorLike;
}

export interface OcclusionOptions extends Asked, Batched {
  baseline?: number | TensorLike | Inputs;
  /** The window: its side, or its size along each axis of an example. A side covers all channels. */
  window: number | readonly number[];
  /** How far it moves: a number, or one for each axis; the window's own size where left out. */
  stride?: number | readonly number[];
}

/** Places of one example that are replaced together. */
type Group = readonly number[];

interface Removal extends Row {
  readonly group: number;
}

/** Score lost for each group of each example: its mean over all groups that a number is in. */
async function removed(
  subject: Subject,
  groups: readonly Group[],
  baseline: Numbers,
  options: Batched,
  method: string,
): Promise<Attribution> {
  const size = subject.rowSize;
  const rows = subject.own.flatMap(({ example }) =>
    groups.map((places, group): Removal => ({
      example,
      group,
      fill(into) {
        for (const at of places) into[at] = baseline[example * size + at];
      },
    })),
  );
  const { score } = await subject.all(subject.own, 'score', () => ({}), { ...options, live: false });
  const own = score.data as Float32Array;
  const { data, value } = floats(subject.value);
  const counts = new Uint32Array(data.length);
  for await (const { rows: some, results } of subject.ask(rows, 'score', () => ({}), options))
    (some as readonly Removal[]).forEach(({ example, group }, r) => {
      const lost = own[example] - Number(results.score.data[r]);
      for (const at of groups[group]) {
        data[example * size + at] += lost;
        counts[example * size + at]++;
      }
    });
  counts.forEach((count, i) => (data[i] /= count || 1));
  return new Attribution(value, factsOf(subject, method, own));
}

/**
 * What the score loses where a group of numbers is replaced by a baseline: a token, a channel, a patch.
 * @returns an `Attribution` of the site's dims; the numbers of a group share what it lost
 * @throws ShapeError on groups or a baseline that do not fit
 * @example
 * const { tokens: ids } = { tokens: tensor([1n, 2n, 3n, 4n], [1, 4]) }
 * await attribution.ablation(gpt, { tokens: ids }, { of: pick('logits', [0, -1, 5]), at: 'tokens', baseline: 0 })
 */
export async function ablation(model: Model, inputs: Inputs, options: AblationOptions): Promise<Attribution> {
  const { baseline = 0, groups } = options;
  const subject = await Subject.of(model, inputs, options, { integers: true });
  const numbers = groups === undefined ? standardGroups(subject) : numbersOf(subject, tensor(groups));
  const lists = new Map<number, number[]>();
  numbers.forEach((group, at) => {
    const list = lists.get(group);
    if (list) list.push(at);
    else lists.set(group, [at]);
  });
  const from = await subject.filled(baseline, 'baseline');
  return removed(subject, [...lists.values()], from, options, `ablation of ${lists.size} groups`);
}

/** The group of each number of an example: tokens, channels of pictures, or each by itself. */
function standardGroups({ rowDims, rowSize }: Subject): number[] {
  const each = rowDims.length > 1 ? rowSize / rowDims[0] : 1;
  return Array.from({ length: rowSize }, (_, i) => Math.floor(i / each));
}

function numbersOf(subject: Subject, groups: ReturnType<typeof tensor>): number[] {
  const one = tensor(new Float32Array(subject.rowSize), subject.rowDims);
  return Array.from(broadcast(groups.cast('float32'), one, 'groups') as Float32Array);
}

/**
 * What the score loses where a window over the input is covered, at every place of the window; a number that several
 * windows cover gets their mean.
 * @param options `window`: the side of a square, over all channels (of tokens: how many), or a size for each axis;
 *   `stride`: how far it moves; `baseline`: what covers
 * @throws ShapeError on a window that does not fit
 * @see https://arxiv.org/abs/1311.2901 (Zeiler & Fergus 2014, section 4.2)
 * @example await attribution.occlusion(model, { image }, { of: pick('logits', [0, 3]), window: 12, stride: 12, baseline: 0.5 })
 */
export async function occlusion(
  model: Model,
  inputs: Inputs,
  options: OcclusionOptions,
): Promise<Attribution> {
  const { baseline = 0 } = options;
  const subject = await Subject.of(model, inputs, options, { integers: true });
  const window = windowOf(subject, options.window);
  const stride = strideOf(subject, options.stride ?? window, window);
  const windows = windowsOf(subject.rowDims, window, stride);
  const from = await subject.filled(baseline, 'baseline');
  return removed(
    subject,
    windows,
    from,
    options,
    `occlusion by ${formatDims(window)}, stride ${formatDims(stride)}`,
  );
}

/** One size for each axis of an example: all channels of a picture, all numbers of a token. */
function windowOf({ rowDims, site }: Subject, given: number | readonly number[]): readonly number[] {
  const along = (side: number) =>
    rowDims.length === 2
      ? [side, rowDims[1]]
      : rowDims.map((dim, axis) => (axis === 0 && rowDims.length > 2 ? dim : side));
  const window = typeof given === 'number' ? along(given) : given;
  const fits =
    window.length === rowDims.length &&
    window.every((size, axis) => Number.isInteger(size) && size >= 1 && size <= rowDims[axis]);
  if (!fits)
    throw new ShapeError(
      `window ${formatDims(window)} at ${site.name}; expected ${rowDims.length} sizes within ${formatDims(rowDims)}`,
    );
  return window;
}

function strideOf(
  { rowDims }: Subject,
  given: number | readonly number[],
  window: readonly number[],
): readonly number[] {
  const stride =
    typeof given === 'number' ? rowDims.map((dim, axis) => (window[axis] === dim ? dim : given)) : given;
  if (stride.length !== rowDims.length || stride.some(step => !Number.isInteger(step) || step < 1))
    throw new NeuronbookError(
      `stride ${formatDims(stride)}; expected a whole number from 1, or ${rowDims.length} of them`,
    );
  const gap = stride.findIndex((step, axis) => step > window[axis]);
  if (gap >= 0)
    throw new NeuronbookError(
      `stride ${stride[gap]} along axis ${gap} leaves gaps between windows of ${window[gap]}; expected at most that`,
    );
  return stride;
}

/** Places under each window; the last along an axis is cut off at the border. */
function windowsOf(dims: readonly number[], window: readonly number[], stride: readonly number[]): Group[] {
  const strides = stridesOf(dims);
  const starts = dims.map((dim, axis) =>
    Array.from({ length: Math.ceil((dim - window[axis]) / stride[axis]) + 1 }, (_, i) => i * stride[axis]),
  );
  // every start of the axes before, then of this one
  const corners = starts.reduce<number[][]>(
    (made, list) => made.flatMap(head => list.map(at => [...head, at])),
    [[]],
  );
  return corners.map(corner =>
    corner.reduce<number[]>(
      (places, start, axis) => {
        const stop = Math.min(dims[axis], start + window[axis]);
        return places.flatMap(at =>
          Array.from({ length: stop - start }, (_, i) => at + (start + i) * strides[axis]),
        );
      },
      [0],
    ),
  );
}
