/**
 * What a display carries across to the front end: the MIME types, the envelope that all views share, and the checks
 * that every view's own validator is made of. The extension imports this file and `views/` and nothing else of the kernel.
 */
import { fromBase64 } from '../base/base64.ts';
import type { MimeBundle } from '../base/host.ts';

/** Plotly figures: the ecosystem's own type, drawn by JupyterLab, VS Code, Colab and nteract alike. */
export const PLOTLY_MIME = 'application/vnd.plotly.v1+json';
/** Our richer views. */
export const NEURONBOOK_MIME = 'application/vnd.neuronbook.v1+json';

export interface PlotlyPayload {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
  config?: Record<string, unknown>;
}

/** Every view: `{version, view, data, options}`. `view` names the modules that make and draw it. */
export interface ViewPayload<View extends string, Data, Options = Record<string, never>> {
  version: 1;
  view: View;
  data: Data;
  options: Options;
}

/** Options that any view may have. */
export interface ViewOptions {
  /** The display's name, by which the front end tells what was selected; absent where nobody asked. */
  select?: string;
}

/** A payload of whatever view. */
export type AnyViewPayload = ViewPayload<string, unknown, ViewOptions>;

/** What the front end sends when something is selected, and what it gets. */
export interface SelectRequest {
  seq: number;
  /** Indices into the view: what they count is the view's own affair. */
  at: number[];
}
export type SelectReply = { seq: number } & ({ bundle?: MimeBundle } | { error: string });

/** Says in a sentence what is wrong with the `data` of a payload; undefined where nothing is. */
export type Problem = (data: unknown) => string | undefined;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText = (value: unknown): value is string => typeof value === 'string';
export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
/** Numbers, or null where JSON had no word for them: infinities and NaN. */
export const isNumbers = (value: unknown): value is (number | null)[] =>
  Array.isArray(value) && value.every(item => typeof item === 'number' || item === null);
/** PNG bytes as base64, of a picture that a browser can hold: its header says how large it is. */
export function isPng(value: unknown): value is string {
  if (!isText(value) || !/^iVBORw0KGgo[A-Za-z0-9+/]{30,}=*$/.test(value)) return false;
  const header = new DataView(fromBase64(value.slice(0, 40)).slice().buffer);
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  return isSize(width) && isSize(height) && width * height <= 2 ** 26;
}
export const isSize = (value: unknown): value is number =>
  typeof value === 'number' && value > 0 && value <= 16384;
export const isRange = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] <= value[1];

/**
 * Why `value` is no payload of any view; undefined where it may be one, whose own validator then looks at its data.
 * Saved notebooks may come from anyone: nothing is drawn that was not checked.
 */
export function envelopeProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'the payload is not an object';
  if (value.version !== 1)
    return `the payload has version ${String(value.version)}; this extension reads version 1`;
  if (!isText(value.view)) return `the view ${JSON.stringify(value.view)} is not a name`;
  if (!isRecord(value.options)) return 'options is not an object';
  const { select } = value.options;
  if (select !== undefined && !isText(select)) return 'options.select is not text';
  return undefined;
}
