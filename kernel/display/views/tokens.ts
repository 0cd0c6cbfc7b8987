/** Tokens in running text, each with its value as colour behind it: where a feature fires, what a head attends to. */
import { ShapeError } from '../../base/errors.ts';
import { cellText, escapeHtml } from '../html.ts';
import { isNumbers, isRange, isRecord, isText, isTexts } from '../payload.ts';
import type { Problem, ViewOptions, ViewPayload } from '../payload.ts';
import { ink } from '../plot/colors.ts';
import { element, label, picture } from '../svg.ts';
import { finiteRange, toNumbers, type Values } from '../values.ts';
import { ViewValue, type Selecting } from '../view-value.ts';

/** One text: its tokens, the value of each (null where there is none), and what else is known of each. */
export interface TokenText {
  label: string;
  tokens: string[];
  values: (number | null)[];
  notes?: string[];
}

export type TokensPayload = ViewPayload<
  'tokens',
  {
    title: string;
    /** What a value is, e.g. `activation`. */
    unit: string;
    texts: TokenText[];
    /** The values of the palest and the strongest colour. */
    range: [number, number];
  },
  ViewOptions
>;

/** One token. */
export interface TokenSelection {
  text: number;
  position: number;
  token: string;
  value: number | null;
}

/** Tokens that one view shows; more would stall a browser. */
const MOST = 20_000;

export const problem: Problem = data => {
  if (!isRecord(data) || !Array.isArray(data.texts)) return 'data.texts is not a list';
  if (!isText(data.title) || !isText(data.unit)) return 'data.title or data.unit is not text';
  if (!isRange(data.range)) return 'data.range is not two numbers in order';
  for (const [i, text] of data.texts.entries()) {
    if (!isRecord(text) || !isText(text.label)) return `data.texts[${i}] lacks its label`;
    if (!isTexts(text.tokens)) return `data.texts[${i}].tokens is not a list of texts`;
    if (!isNumbers(text.values) || text.values.length !== text.tokens.length)
      return `data.texts[${i}].values is not one number a token`;
    if (text.notes !== undefined && (!isTexts(text.notes) || text.notes.length !== text.tokens.length))
      return `data.texts[${i}].notes is not one text a token`;
  }
  const count = (data.texts as TokenText[]).reduce((sum, { tokens }) => sum + tokens.length, 0);
  return count > MOST ? `there are ${count} tokens; at most ${MOST} are drawn` : undefined;
};

/**
 * How strongly a value is coloured, −1 … 1: zero is colourless wherever the range spans it, so that sign shows.
 * A range that lies on one side of zero begins at its nearer end.
 */
export function strength(value: number | null, [low, high]: readonly [number, number]): number {
  if (value === null || !Number.isFinite(value)) return 0;
  // |value| against the larger end where the range spans zero; against the range itself where it does not
  const whole = low < 0 && high > 0 ? Math.max(high, -low) : high - low;
  const part = low < 0 && high > 0 ? value : low >= 0 ? value - low : value - high;
  return whole > 0 ? Math.min(1, Math.max(-1, part / whole)) : 0;
}

/**
 * Blue for positive, orange for negative, see-through by strength.
 * @param most how opaque the strongest is: at 0.62 the page's own text reads on it in light and dark themes
 */
export const tint = (by: number, most = 0.62): string =>
  `rgba(${by < 0 ? '224,123,57' : '61,133,198'},${+(most * Math.abs(by)).toFixed(3)})`;

export interface TokensOptions extends Selecting<TokenSelection> {
  title?: string;
  /** What a value is, e.g. `activation`. */
  unit?: string;
  /** One name for each text. */
  labels?: readonly string[];
  /** What else is known of each token, shown when it is pointed at; one list for each text. */
  notes?: readonly (readonly string[])[];
  /** The values of no and of full colour; by default the least (at most 0) and the greatest. */
  range?: readonly [number, number];
}

type Data = TokensPayload['data'];

/** Every token that has a value of at least a third of the strongest, with it. */
function words({ title, texts, range }: Data): string {
  const lines = texts.map(({ label, tokens, values }) => {
    const marked = tokens.map((token, i) =>
      Math.abs(strength(values[i], range)) > 1 / 3 ? `[${token}|${cellText(values[i])}]` : token,
    );
    return `${label && `${label}: `}${marked.join('')}`;
  });
  return [title, ...lines].filter(Boolean).join('\n');
}

function html({ title, texts, range }: Data): string {
  const paragraphs = texts.map(({ label, tokens, values }) => {
    const spans = tokens.map((token, i) => {
      const by = strength(values[i], range);
      const style = by ? ` style="background: ${tint(by)}; border-radius: 2px"` : '';
      const end = token.endsWith('\n') ? '<br>' : '';
      return `<span${style} title="${escapeHtml(cellText(values[i] ?? undefined))}">${escapeHtml(visible(token))}</span>${end}`;
    });
    const name = label && `<b>${escapeHtml(label)}</b> `;
    return `<p style="line-height: 1.7; white-space: pre-wrap">${name}${spans.join('')}</p>`;
  });
  return [title && `<p><b>${escapeHtml(title)}</b></p>`, ...paragraphs].filter(Boolean).join('\n');
}

/** A token as it can be seen: a line break has a sign. */
export const visible = (token: string): string => token.replaceAll('\n', '↵').replaceAll('\t', '⇥');

const look = { width: 720, letter: 7.25, line: 22, left: 8 };

/** As a picture, monospaced, so that where a token ends can be reckoned. */
export function svg({ title, texts, range }: Data): string {
  const parts: string[] = [];
  let y = title ? 44 : 20;
  if (title) parts.push(label(look.left, 20, title, { 'font-size': 15, 'font-weight': 600, fill: ink }));
  for (const { label: name, tokens, values } of texts) {
    let x = look.left;
    const write = (text: string, by: number, weight?: number) => {
      const width = [...text].length * look.letter;
      if (x > look.left && x + width > look.width) [x, y] = [look.left, y + look.line];
      if (by) parts.push(element('rect', { x, y: y - 14, width, height: 19, rx: 2, fill: tint(by, 0.85) }));
      const fill = Math.abs(by) > 0.6 ? '#fff' : ink;
      parts.push(label(x, y, text, { fill, 'font-weight': weight, 'xml:space': 'preserve' }));
      x += width;
    };
    if (name) write(`${name}  `, 0, 600);
    tokens.forEach((token, i) => {
      write(visible(token), strength(values[i], range));
      if (token.endsWith('\n')) [x, y] = [look.left, y + look.line];
    });
    y += look.line + 8;
  }
  const alt = `${title || 'tokens'}: ${texts.length} ${texts.length === 1 ? 'text' : 'texts'}`;
  return picture(
    {
      width: look.width + look.left,
      height: y - 8,
      alt,
      'font-family': 'ui-monospace, Menlo, Consolas, monospace',
    },
    parts,
  );
}

type Made = ViewValue<'tokens', Data, TokenSelection>;

/**
 * Tokens in running text, coloured by a value each: blue above zero, orange below. Pointing at a token, or moving to it
 * with the arrow keys, shows its number.
 * @param tokens one text's tokens, or a list of texts
 * @param values one number for each token (NaN leaves it uncoloured), in the same nesting
 * @throws ShapeError where tokens and values differ in number
 * @example view.tokens(['Once', ' upon', ' a', ' time'], [0, 0.1, 0.2, 3.5], { unit: 'activation' })
 */
export function tokens(tokens: readonly string[], values: Values, options?: TokensOptions): Made;
export function tokens(
  tokens: readonly (readonly string[])[],
  values: readonly Values[],
  options?: TokensOptions,
): Made;
export function tokens(
  tokens: readonly string[] | readonly (readonly string[])[],
  values: Values | readonly Values[],
  { title = '', unit = 'value', labels = [], notes = [], range, onSelect }: TokensOptions = {},
): Made {
  const single = tokens.length === 0 || typeof tokens[0] === 'string';
  const lists = (single ? [tokens] : tokens) as readonly (readonly string[])[];
  const numbers = (single ? [values] : Array.from(values as readonly Values[])).map(list =>
    toNumbers(list as Values),
  );
  if (lists.length !== numbers.length)
    throw new ShapeError(`${numbers.length} lists of values; expected ${lists.length}, one for each text`);
  const texts = lists.map((list, i): TokenText => {
    if (list.length !== numbers[i].length)
      throw new ShapeError(
        `text ${i} has ${list.length} tokens and ${numbers[i].length} values; expected one value for each token`,
      );
    const finite = numbers[i].map(value => (Number.isFinite(value) ? value : null));
    return {
      label: labels[i] ?? '',
      tokens: [...list],
      values: finite,
      ...(notes[i] && { notes: [...notes[i]] }),
    };
  });
  const [low, high] = range ?? finiteRange(numbers.flat());
  const ends: [number, number] = range ? [low, high] : [Math.min(low, 0), Math.max(high, 0)];
  const data: Data = { title, unit, texts, range: ends };
  const select = ([text, position]: readonly number[]) => {
    const token = texts[text]?.tokens[position];
    return token === undefined ? undefined : { text, position, token, value: texts[text].values[position] };
  };
  const forms = { svg: () => svg(data), html: () => html(data), words: () => words(data) };
  return new ViewValue('tokens', data, forms, select, onSelect);
}
