/** Values of a live figure's controls → what its graph is fed. The same in the kernel and in a page. */
import { unpack } from '../packed.ts';
import type { LiveControl, WordsControl } from './live.ts';

/** What a control stands at: a number, an option, a text, or a picture of the reader's own, row-major C×H×W. */
export type LiveValue = number | string | Float32Array;
export type LiveValues = Readonly<Record<string, LiveValue>>;

/** One input of the graph. */
export interface Feed {
  dtype: 'float32' | 'int64';
  dims: number[];
  data: Float32Array | BigInt64Array;
}

const whole = (value: number): Feed => ({ dtype: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) });

/**
 * What each input is fed.
 * @throws RangeError with a sentence for the reader where a value is none of its control
 */
export function feedsOf(
  controls: Readonly<Record<string, LiveControl>>,
  values: LiveValues,
): Record<string, Feed> {
  const feeds: Record<string, Feed> = {};
  for (const [name, control] of Object.entries(controls)) {
    const value = values[name];
    const { input } = control;
    if (control.kind === 'slider') {
      const number = Math.min(control.max, Math.max(control.min, Number(value)));
      if (!Number.isFinite(number)) throw new RangeError(`${name} is no number`);
      feeds[input] = { dtype: 'float32', dims: [], data: Float32Array.of(number) };
    } else if (control.kind === 'words') {
      const { numbers, last } = numbered(control, String(value));
      feeds[input] = { dtype: 'int64', dims: [1, control.length], data: numbers };
      if (control.last !== undefined) feeds[control.last] = whole(last);
    } else if (value instanceof Float32Array && control.kind === 'picture') {
      const { dims } = control.pictures[0];
      const size = dims.reduce((product, dim) => product * dim, 1);
      if (value.length !== size)
        throw new RangeError(`${name} has ${value.length} numbers; expected ${size}`);
      feeds[input] = { dtype: 'float32', dims, data: value };
    } else {
      const at = control.options.indexOf(String(value));
      if (at < 0) throw new RangeError(`${name} is none of ${control.options.join(', ')}`);
      feeds[input] =
        control.kind === 'choice'
          ? whole(at + control.first)
          : { dtype: 'float32', dims: control.pictures[at].dims, data: unpack(control.pictures[at]) };
    }
  }
  return feeds;
}

/** The words of a text with those that are always in front. */
export const wordsOf = ({ before }: WordsControl, text: string): string[] => [
  ...before,
  ...text.split(/\s+/).filter(Boolean),
];

function numbered(control: WordsControl, text: string): { numbers: BigInt64Array; last: number } {
  const { words, length, fixed } = control;
  const list = wordsOf(control, text);
  const unknown = list.find(word => !words.includes(word));
  if (unknown !== undefined) {
    const known = words.slice(0, 12).join(', ');
    throw new RangeError(
      `no word ${JSON.stringify(unknown)}; known are ${known}${words.length > 12 ? ' …' : ''}`,
    );
  }
  const wanted = fixed ? `${length}` : `1 to ${length}`;
  if (!list.length || list.length > length || (fixed && list.length < length))
    throw new RangeError(`${list.length} words; expected ${wanted}`);
  const numbers = new BigInt64Array(length);
  list.forEach((word, i) => (numbers[i] = BigInt(words.indexOf(word))));
  return { numbers, last: list.length - 1 };
}
