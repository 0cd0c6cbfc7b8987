/**
 * The logit lens: the residual stream behind each block, read by the network's own last norm and unembedding.
 *
 *   lensₗ = unembed(norm(residₗ)):  what the network would say if the later blocks wrote nothing
 *
 * All layers go through one run: as rows of a batch, in place of what the last block leaves.
 * @see https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens
 */
import { ShapeError } from '../../base/errors.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { MimeBundle } from '../../base/host.ts';
import { displaySymbol, type DisplayOptions } from '../../display/displayable.ts';
import { lens, type LensOptions } from '../../display/views/lens.ts';
import { patch } from '../../model/edits.ts';
import type { Model } from '../../model/model.ts';
import { blockSites, repeated, stack } from './blocks.ts';

export interface LogitLensOptions {
  /** The words of the vocabulary by id, for display; ids where left out. */
  words?: readonly string[];
  /** The output that scores the next token. */
  output?: string;
}

/** Logits at each layer; shows itself as a lens. */
export class LogitLens {
  constructor(
    /** Names from the input up: the embedding, then each block. */
    readonly layers: readonly string[],
    /** layers × positions × vocabulary. */
    readonly logits: Tensor,
    /** The ids that were read. */
    readonly tokens: readonly number[],
    private readonly words: readonly string[] | undefined,
  ) {}

  /**
   * The likeliest tokens at each layer and position, as a view.
   * @param top how many are listed for each cell
   */
  view({ top = 5, ...options }: LensOptions & { top?: number } = {}) {
    const word = (id: number) => this.words?.[id] ?? String(id);
    const [, positions, size] = this.logits.dims;
    const values = this.logits.toFloat32OrWider();
    const cell = (row: number) =>
      likeliest(values.subarray(row * size, (row + 1) * size), Math.min(top, size)).map(
        ([id, probability]) => ({
          token: word(id),
          probability,
        }),
      );
    return lens(
      {
        layers: this.layers,
        positions: this.tokens.map(word),
        top: this.layers.map((_, l) => this.tokens.map((_, p) => cell(l * positions + p))),
      },
      { title: 'logit lens', ...options },
    );
  }

  [displaySymbol](options?: DisplayOptions): MimeBundle {
    return this.view()[displaySymbol](options);
  }

  toString(): string {
    return this.view().toString();
  }
}

/** The `count` largest of softmax(logits), with their ids. */
function likeliest(logits: ArrayLike<number>, count: number): [id: number, probability: number][] {
  const ids = Array.from({ length: logits.length }, (_, id) => id);
  ids.sort((a, b) => logits[b] - logits[a]);
  const most = logits[ids[0]];
  // softmax: exp(xᵢ − max) ⁄ Σ exp(xⱼ − max)
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logits[id] - most);
  return ids.slice(0, count).map(id => [id, Math.exp(logits[id] - most) / sum]);
}

/**
 * What a language model would say behind each block, if the blocks after it wrote nothing: its residual stream through
 * the last norm and the unembedding. The last row is what the model does say.
 * @param tokens 1×T ids, under the model's own input name or `tokens`
 * @returns logits of (blocks + 1)×T×V; shows itself as a lens
 * @throws NameError where the model has no canonical sites `blocks.N.resid.post`; ShapeError on a batch of several texts
 * @see https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens
 * @example
 * const seen = await circuits.logitLens(gpt, tensor([1n, 2n, 3n], [1, 3]))
 * seen.view({ title: 'three letters', top: 3 })
 */
export async function logitLens(
  model: Model,
  tokens: Tensor,
  { words, output = 'logits' }: LogitLensOptions = {},
): Promise<LogitLens> {
  if (tokens.dims.length !== 2 || tokens.dims[0] !== 1)
    throw new ShapeError(`tokens of ${tokens.dims.join('×')}; expected 1×T, one text`);
  const [first] = blockSites(model, 'resid.pre');
  const after = blockSites(model, 'resid.post');
  const input = model.graph.inputs[0].name;
  const { sites } = await model.run({ [input]: tokens }, { read: [first, ...after], outputs: [] });
  const streams = [first, ...after].map(name => sites[name]);
  const edited = model.edit(patch(after.at(-1)!, stack(streams)));
  try {
    const { outputs } = await edited.run(repeated({ [input]: tokens }, streams.length), {
      outputs: [output],
    });
    const layers = ['embed', ...after.map(name => name.replace(/^blocks\.(\d+)\..*$/, 'block $1'))];
    const [logits] = Object.values(outputs);
    return new LogitLens(layers, logits, tokens.toNumbers(), words);
  } finally {
    edited.dispose();
  }
}
