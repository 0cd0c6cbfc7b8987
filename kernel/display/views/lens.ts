/** The logit lens: what the network would say if it stopped at each layer, token by token. */
import { ShapeError } from '../../base/errors.ts';
import { cellText, escapeHtml } from '../html.ts';
import { MOST, pack, packedProblem, unpack, type Packed } from '../packed.ts';
import { isRecord, isText, isTexts, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { ink } from '../plot/colors.ts';
import { element, label, picture } from '../svg.ts';
import { ViewValue, within, type Selecting } from '../view-value.ts';
import { tint, visible } from './tokens.ts';

export type LensPayload = ViewPayload<
  'lens',
  {
    title: string;
    /** Names from the input up. */
    layers: string[];
    /** The tokens that are read. */
    positions: string[];
    /** Every token that is named in the view. */
    words: string[];
    /** layers × positions × k: indices into the words, likeliest first. */
    top: number[];
    /** layers × positions × k, in 0 … 1. */
    probabilities: Packed;
    /** The token that comes next in truth, as an index into the words, for each position; none where not told. */
    next: number[];
  },
  ViewOptions
>;
type Data = LensPayload['data'];

/** Cells of one view: each is an element of the page. */
const CELLS = 12_000;

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title)) return 'data.title is not text';
  const { layers, positions, words, top, probabilities, next } = data;
  if (!isTexts(layers) || !isTexts(positions) || !isTexts(words))
    return 'data.layers, data.positions or data.words is not a list of texts';
  if (layers.length * positions.length > CELLS)
    return `there are ${layers.length * positions.length} cells; at most ${CELLS} are drawn`;
  const wrong = packedProblem(probabilities, 3);
  if (wrong) return `data.probabilities ${wrong}`;
  const { dims } = probabilities as Packed;
  if (dims[0] !== layers.length || dims[1] !== positions.length || dims.includes(0) || dims[2] > 100)
    return `data.probabilities is ${dims.join('×')}; expected ${layers.length}×${positions.length}×1 to 100, none of them 0`;
  const indices = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every(id => Number.isInteger(id) && id >= 0 && id < words.length);
  if (!indices(top) || top.length !== dims[0] * dims[1] * dims[2])
    return 'data.top is not one word a probability';
  return indices(next) && (next.length === 0 || next.length === positions.length)
    ? undefined
    : 'data.next is not one word a position, or none';
};

/** What one layer says at one position. */
export interface LensSelection {
  layer: number;
  position: number;
  /** Likeliest first. */
  top: { token: string; probability: number }[];
}

export interface LensForm {
  /** Names from the input up. */
  layers: readonly string[];
  /** The tokens that are read. */
  positions: readonly string[];
  /** For each layer, for each position: tokens and how likely each is, likeliest first, as many everywhere. */
  top: readonly (readonly (readonly { token: string; probability: number }[])[])[];
  /** The token that comes next in truth, for each position. */
  next?: readonly string[];
}

export interface LensOptions extends Selecting<LensSelection> {
  title?: string;
}

/** What stands in one cell. */
export function lensCell(data: Data, values: ArrayLike<number>, layer: number, position: number) {
  const k = data.probabilities.dims[2];
  const from = (layer * data.positions.length + position) * k;
  return Array.from({ length: k }, (_, i) => ({
    token: data.words[data.top[from + i]],
    probability: values[from + i],
  }));
}

const ask = ({ layers, positions }: Data) => `${layers.length} layers, ${positions.length} positions`;

function words(data: Data): string {
  const values = unpack(data.probabilities);
  const last = data.layers.length - 1;
  const said = data.positions.map((_, p) => lensCell(data, values, last, p)[0].token);
  return [
    `${data.title || 'logit lens'}: ${ask(data)}`,
    `${data.layers[last]} says: ${said.map(token => JSON.stringify(token)).join(' ')}`,
  ].join('\n');
}

/** Without script: a table whose cells are as blue as they are sure. */
function html(data: Data): string {
  const values = unpack(data.probabilities);
  const rows = [...data.layers.keys()].reverse().map(layer => {
    const cells = data.positions.map((_, position) => {
      const top = lensCell(data, values, layer, position);
      const title = top
        .map(({ token, probability }) => `${visible(token)} ${cellText(probability)}`)
        .join(', ');
      return `<td style="background: ${tint(top[0].probability)}; padding: 2px 4px; text-align: center" title="${escapeHtml(title)}">${escapeHtml(visible(top[0].token))}</td>`;
    });
    return `<tr><th style="text-align: right">${escapeHtml(data.layers[layer])}</th>${cells.join('')}</tr>`;
  });
  const foot = data.positions.map(token => `<th>${escapeHtml(visible(token))}</th>`);
  return `<table>\n<caption>${escapeHtml(data.title || 'logit lens')}</caption>\n${rows.join('\n')}\n<tr><th></th>${foot.join('')}</tr>\n</table>`;
}

const look = { left: 110, cell: 68, row: 24, letters: 9, most: 24 };

/** The last positions that a picture has room for. */
function svg(data: Data): string {
  const values = unpack(data.probabilities);
  const first = Math.max(0, data.positions.length - look.most);
  const columns = data.positions.length - first;
  const clip = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const top = data.title ? 34 : 6;
  const parts: string[] = data.title
    ? [label(8, 20, data.title, { 'font-size': 15, 'font-weight': 600, fill: ink })]
    : [];
  data.layers.forEach((name, layer) => {
    const y = top + (data.layers.length - 1 - layer) * look.row;
    parts.push(label(look.left - 8, y + 16, clip(name, 16), { 'text-anchor': 'end', fill: ink }));
    for (let c = 0; c < columns; c++) {
      const [{ token, probability }] = lensCell(data, values, layer, first + c);
      const x = look.left + c * look.cell;
      const size = { width: look.cell - 2, height: look.row - 2, rx: 3 };
      const fill = probability > 0.6 ? '#fff' : ink;
      parts.push(
        element('rect', { x, y, ...size, fill: tint(probability, 0.85) }),
        label(x + size.width / 2, y + 15, clip(visible(token), look.letters), {
          'text-anchor': 'middle',
          'font-size': 11,
          fill,
        }),
      );
    }
  });
  const foot = top + data.layers.length * look.row;
  data.positions.slice(first).forEach((token, c) =>
    parts.push(
      label(look.left + (c + 0.5) * look.cell, foot + 16, clip(visible(token), look.letters), {
        'text-anchor': 'middle',
        'font-size': 11,
        'font-weight': 600,
        fill: ink,
      }),
    ),
  );
  const alt = `${data.title || 'logit lens'}: ${ask(data)}`;
  return picture({ width: look.left + columns * look.cell + 8, height: foot + 26, alt }, parts);
}

/**
 * A logit lens: layers upwards, positions to the right, in each cell the likeliest next token, as blue as it is likely.
 * Pointing at a cell, or walking to it with the arrow keys, lists its likeliest tokens; `onSelect` gets them.
 * `circuits.logitLens` makes one of a model.
 * @throws ShapeError where cells lack, differ in length, or are over 12,000
 * @example
 * const sure = (token: string, probability: number) => [{ token, probability }]
 * view.lens({
 *   layers: ['layer 0', 'layer 1'],
 *   positions: ['the', ' cat'],
 *   top: [[sure(' dog', 0.2), sure(' is', 0.3)], [sure(' cat', 0.9), sure(' sat', 0.8)]],
 * })
 */
export function lens(
  { layers, positions, top, next = [] }: LensForm,
  { title = '', onSelect }: LensOptions = {},
): ViewValue<'lens', Data, LensSelection> {
  const cells = layers.length * positions.length;
  const k = top[0]?.[0]?.length ?? 0;
  if (cells === 0 || k === 0 || cells > CELLS || cells * k > MOST)
    throw new ShapeError(
      `a lens of ${layers.length} layers, ${positions.length} positions and ${k} tokens a cell; expected 1 to ${CELLS} cells`,
    );
  if (top.length !== layers.length || top.some(row => row.length !== positions.length))
    throw new ShapeError(
      `cells of ${top.length} layers; expected ${layers.length} of ${positions.length} positions each`,
    );
  if (next.length > 0 && next.length !== positions.length)
    throw new ShapeError(`${next.length} next tokens; expected ${positions.length}, one a position`);
  const flat = top.flat(2);
  if (flat.length !== cells * k)
    throw new ShapeError(`${flat.length} tokens in ${cells} cells; expected ${k} in each, as in the first`);
  const ids = new Map<string, number>();
  const idOf = (token: string): number => {
    if (!ids.has(token)) ids.set(token, ids.size);
    return ids.get(token)!;
  };
  const probabilities = flat.map(({ probability }) => probability);
  const [said, told] = [flat.map(({ token }) => idOf(token)), next.map(idOf)];
  const data: Data = {
    title,
    layers: [...layers],
    positions: [...positions],
    words: [...ids.keys()],
    top: said,
    probabilities: pack(probabilities, [layers.length, positions.length, k]),
    next: told,
  };
  const select = (at: readonly number[]) =>
    within(at, [layers.length, positions.length])
      ? { layer: at[0], position: at[1], top: [...top[at[0]][at[1]]] }
      : undefined;
  const forms = { svg: () => svg(data), html: () => html(data), words: () => words(data) };
  return new ViewValue('lens', data, forms, select, onSelect);
}
