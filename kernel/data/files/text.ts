/** Text files, and windows on long texts for training. */
import { ShapeError } from '../../base/errors.ts';
import type { Rng } from '../../base/rng.ts';
import { Tensor } from '../../base/tensor.ts';
import { parsed, type Source } from './source.ts';

/**
 * A file as text.
 * @throws FormatError where it is not UTF-8
 * @example const ids = gpt.tokenizer.encode(await readText('tales.txt'))
 */
export const readText = (source: Source): Promise<string> =>
  parsed(source, 'UTF-8 text', bytes => new TextDecoder('utf-8', { fatal: true }).decode(bytes));

/**
 * Batches of windows on a long list of tokens, each at a random place, with the next token as the label.
 * @returns for `fit`: from step and stream to `tokens` and `label`, int64 of batch×length
 * @throws ShapeError where the text is shorter than a window
 * @example await fit(gpt, windows(ids, { length: 8, batch: 4 }), { loss: crossEntropy(), steps: 2000 })
 */
export function windows(
  ids: ArrayLike<number>,
  { length, batch = 16 }: { length: number; batch?: number },
): (step: number, rng: Rng) => { tokens: Tensor; label: Tensor } {
  if (!(length >= 1 && ids.length > length))
    throw new ShapeError(`a text of ${ids.length} tokens; expected more than a window, which is ${length}`);
  return (_step, rng) => {
    const starts = Array.from({ length: batch }, () => rng.integer(ids.length - length));
    const read = (offset: number) =>
      new Tensor(
        'int64',
        [batch, length],
        BigInt64Array.from({ length: batch * length }, (_, i) =>
          BigInt(ids[starts[Math.floor(i / length)] + (i % length) + offset]),
        ),
      );
    return { tokens: read(0), label: read(1) };
  };
}
