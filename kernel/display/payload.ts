/**
 * What a display carries across to the front end: the types of both MIME payloads and their validators.
 * The extension imports this file's types and validators and nothing else of the kernel.
 */

/** Plotly figures: the ecosystem's own type, drawn by JupyterLab, VS Code, Colab and nteract alike. */
export const PLOTLY_MIME = 'application/vnd.plotly.v1+json';
/** Our richer views. */
export const NEURONBOOK_MIME = 'application/vnd.neuronbook.v1+json';

export interface PlotlyPayload {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
  config?: Record<string, unknown>;
}

/** Every view: `{version, view, data, options}`. */
export interface ViewPayload<View extends string, Data, Options = Record<string, never>> {
  version: 1;
  view: View;
  data: Data;
  options: Options;
}

/** One picture of the grid and how it came about. */
export interface FeatureCell {
  /** Shown under the picture, e.g. `channel 5`. */
  label: string;
  /** The printed objective, e.g. `channel('conv3', 5)`. */
  objective: string;
  /** PNG, base64. */
  image: string;
  width: number;
  height: number;
  /** The objective's value after each recorded step. */
  curve: number[];
  /** The step number of each entry of `curve`. */
  steps: number[];
}

export type FeatureGridPayload = ViewPayload<
  'feature-grid',
  {
    title: string;
    cells: FeatureCell[];
    /** Steps done and steps asked for: less while it runs or where it was interrupted. */
    step: number;
    total: number;
    state: 'running' | 'done' | 'interrupted';
  },
  { columns?: number; pixelated?: boolean }
>;

/** All views by name; a new view adds its payload here. */
export interface Views {
  'feature-grid': FeatureGridPayload;
}

export type AnyPayload = Views[keyof Views];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(item => typeof item === 'number' || item === null);
const isSize = (value: unknown): value is number => typeof value === 'number' && value > 0 && value <= 16384;
const isText = (value: unknown): value is string => typeof value === 'string';

/** Says what is wrong with a value that should be a payload of each view; undefined where nothing is. */
const problems: { [View in keyof Views]: (data: unknown) => string | undefined } = {
  'feature-grid': data => {
    if (!isRecord(data) || !Array.isArray(data.cells)) return 'data.cells is not a list';
    if (!isText(data.title)) return 'data.title is not text';
    if (!['running', 'done', 'interrupted'].includes(data.state as string))
      return `data.state is ${JSON.stringify(data.state)}; expected running, done or interrupted`;
    if (!Number.isFinite(data.step) || !Number.isFinite(data.total))
      return 'data.step or data.total is not a number';
    for (const [i, cell] of data.cells.entries()) {
      if (!isRecord(cell)) return `data.cells[${i}] is not an object`;
      if (!isText(cell.label) || !isText(cell.objective))
        return `data.cells[${i}] lacks its label or objective`;
      if (!isText(cell.image) || !/^[A-Za-z0-9+/]+=*$/.test(cell.image))
        return `data.cells[${i}].image is not base64`;
      if (!isSize(cell.width) || !isSize(cell.height)) return `data.cells[${i}] has no width or height`;
      if (!isNumbers(cell.curve) || !isNumbers(cell.steps))
        return `data.cells[${i}].curve is not a list of numbers`;
    }
    return undefined;
  },
};

/**
 * Why `value` cannot be drawn, in one sentence; undefined where it can.
 * Saved notebooks may come from anyone: nothing is drawn that was not checked here.
 */
export function payloadProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'the payload is not an object';
  if (value.version !== 1)
    return `the payload has version ${String(value.version)}; this extension reads version 1`;
  const check =
    isText(value.view) && Object.hasOwn(problems, value.view)
      ? problems[value.view as keyof Views]
      : undefined;
  if (!check) return `the view ${JSON.stringify(value.view)} is unknown; a newer extension may draw it`;
  if (!isRecord(value.options)) return 'options is not an object';
  return check(value.data);
}
