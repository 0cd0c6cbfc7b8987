/** Attention patterns: which token each token looks at, head by head. */
import { toBase64 } from '../../base/base64.ts';
import { ShapeError } from '../../base/errors.ts';
import { encodePng } from '../../base/png.ts';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { heat, thinned } from '../heat.ts';
import { MOST, pack, packBytes, packedProblem, unpack, type Packed } from '../packed.ts';
import { isRecord, isText, isTexts, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { sheet } from '../sheet.ts';
import { ViewValue, within, type Selecting } from '../view-value.ts';

export type AttentionPayload = ViewPayload<
  'attention',
  {
    title: string;
    /** One name a head. */
    heads: string[];
    /** The tokens that look, and those that are looked at. */
    queries: string[];
    keys: string[];
    /** heads × queries × keys, each row a distribution over the keys. */
    pattern: Packed;
  },
  ViewOptions
>;

/** One number of a pattern: how much a query looks at a key. */
export interface AttentionSelection {
  head: string;
  query: number;
  key: number;
  value: number;
}

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title)) return 'data.title is not text';
  const { heads, queries, keys, pattern } = data;
  if (!isTexts(heads) || !isTexts(queries) || !isTexts(keys))
    return 'data.heads, data.queries or data.keys is not a list of texts';
  const wrong = packedProblem(pattern, 3);
  if (wrong) return `data.pattern ${wrong}`;
  const { dims } = pattern as Packed;
  const expected = [heads.length, queries.length, keys.length];
  return dims.every((dim, i) => dim === expected[i])
    ? undefined
    : `data.pattern is ${dims.join('×')}; expected ${expected.join('×')}`;
};

export interface AttentionOptions extends Selecting<AttentionSelection> {
  title?: string;
  /** One name a head; by default `head 0`, `head 1` … */
  heads?: readonly string[];
  /** The tokens that look, where they are others than those looked at (cross-attention, a cache). */
  queries?: readonly string[];
}

/** From this many numbers on each is kept as one byte: a 1,024-token head is a million of them. */
const MANY = 2 ** 14;

type Data = AttentionPayload['data'];

/** For each head, the pair of tokens that it joins most strongly (the first token, where much attention rests, aside). */
function words({ title, heads, queries, keys, pattern }: Data): string {
  const values = unpack(pattern);
  const lines = heads.map((head, h) => {
    let [best, at] = [-1, 0];
    for (let i = 0; i < queries.length * keys.length; i++) {
      const value = values[h * queries.length * keys.length + i];
      if (i % keys.length > 0 && value > best) [best, at] = [value, i];
    }
    if (best < 0) return `${head}: one token`;
    const [query, key] = [Math.floor(at / keys.length), at % keys.length];
    const [from, to] = [JSON.stringify(queries[query]), JSON.stringify(keys[key])];
    return `${head}: most from ${query} ${from} to ${key} ${to}, ${best.toFixed(2)}`;
  });
  return [
    `${title || 'attention'}: ${heads.length} heads, ${queries.length}×${keys.length} tokens`,
    ...lines,
  ].join('\n');
}

function png({ heads, queries, keys, pattern }: Data): string {
  const values = unpack(pattern);
  const size = { width: keys.length, height: queries.length };
  const tiles = heads.map((label, h) => {
    const small = thinned(values, { ...size, offset: h * size.width * size.height }, 192);
    return { label, pixels: heat(small.data, small, [0, 1], 'sequential') };
  });
  return toBase64(encodePng(sheet(tiles, { smooth: false, least: 128 })));
}

/**
 * Attention patterns of the heads of a layer: a grid of all, one of them large, or as lines from token to token.
 * @param pattern heads×queries×keys, 1×heads×queries×keys, or queries×keys for one head; rows sum to one
 * @param tokens the tokens that are looked at, one for each key
 * @throws ShapeError where the tokens do not match the pattern, or it has over 2²⁴ numbers
 * @example view.attention(tensor([1, 0, 0.25, 0.75], [1, 2, 2]), ['the', ' cat'])
 */
export function attention(
  pattern: Tensor,
  tokens: readonly string[],
  { title = '', heads, queries = tokens, onSelect }: AttentionOptions = {},
): ViewValue<'attention', Data, AttentionSelection> {
  const { dims } = pattern;
  const shape =
    dims.length === 2 ? [1, ...dims] : dims.length === 4 && dims[0] === 1 ? dims.slice(1) : [...dims];
  if (shape.length !== 3)
    throw new ShapeError(
      `an attention pattern of ${formatDims(dims)}; expected heads×queries×keys of one text: take one with \`.at(0)\``,
    );
  const [count, rows, columns] = shape;
  if (rows !== queries.length || columns !== tokens.length)
    throw new ShapeError(
      `a pattern from ${rows} to ${columns} tokens, and ${queries.length} and ${tokens.length} tokens to name them; expected as many`,
    );
  if (pattern.size > MOST)
    throw new ShapeError(
      `a pattern of ${pattern.size} numbers; expected at most ${MOST}: choose some of its heads`,
    );
  const names = heads ?? Array.from({ length: count }, (_, h) => `head ${h}`);
  if (names.length !== count) throw new ShapeError(`${names.length} names of heads; expected ${count}`);
  const values = pattern.toFloat32OrWider();
  const data: Data = {
    title,
    heads: [...names],
    queries: [...queries],
    keys: [...tokens],
    pattern: values.length > MANY ? packBytes(values, shape, [0, 1]) : pack(values, shape),
  };
  const select = (at: readonly number[]) => {
    const [head, query, key] = at;
    const value = values[(head * rows + query) * columns + key];
    return within(at, shape) ? { head: names[head], query, key, value } : undefined;
  };
  return new ViewValue(
    'attention',
    data,
    { png: () => png(data), words: () => words(data) },
    select,
    onSelect,
  );
}
