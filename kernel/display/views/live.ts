/**
 * A live figure: a small ONNX graph, the controls that feed it, and how its outputs are drawn. It travels whole, so that
 * a browser computes it with no kernel; `live-feeds.ts` and `live-drawing.ts` are what both sides do with it.
 */
import { fromBase64 } from '../../base/base64.ts';
import { controlProblem, type Control } from '../controls.ts';
import { packedProblem, type Packed } from '../packed.ts';
import { isRange, isRecord, isText, isTexts, type Problem, type ViewPayload } from '../payload.ts';

export { feedsOf, wordsOf, type Feed, type LiveValue, type LiveValues } from './live-feeds.ts';
export { drawingOf, type Drawn, type LiveOutput } from './live-drawing.ts';

type Slider = Extract<Control, { kind: 'slider' }>;
type Choice = Extract<Control, { kind: 'choice' }>;

/** What a person moves, and the input of the graph that it feeds. */
export type LiveControl =
  /** A float32 scalar. */
  | (Slider & { input: string })
  /** An int64 scalar: the place of the option that is chosen, counted from `first`. */
  | (Choice & { input: string; first: number })
  /** One of some pictures, or with `own` one that the reader brings; 1×C×H×W. */
  | { kind: 'picture'; options: string[]; value: string; input: string; pictures: Packed[]; own: boolean }
  | WordsControl;

/** A text of words that are known by number; int64 1×`length`. */
export interface WordsControl {
  kind: 'words';
  value: string;
  input: string;
  /** By number. */
  words: string[];
  /** Always in front of the text. */
  before: string[];
  /** How many words the graph takes, those in front included. */
  length: number;
  /** Whether it must be exactly so many: what lies behind the end would matter. */
  fixed: boolean;
  /** An int64 scalar: where the last word stands. */
  last?: string;
}

/** Names along an axis: given, or the words of a control as they are. */
export type Names = string[] | { control: string };

/** How one output of the graph is drawn. */
export type LiveDrawing = { output: string; title: string } & (
  | { kind: 'bars'; labels: Names; y: string; range?: [number, number] }
  | { kind: 'lines'; names: string[]; x: string; y: string; range?: [number, number] }
  | { kind: 'heatmap'; rows?: Names; columns?: Names; x: string; y: string; range?: [number, number] }
  | { kind: 'picture'; range?: [number, number] }
  | { kind: 'tokens'; words: Names; unit: string; range?: [number, number] }
);

export type LivePayload = ViewPayload<
  'live',
  {
    title: string;
    graph: {
      /** An ONNX file, as base64. */
      bytes: string;
      /** Bytes of that file. */
      size: number;
      /** Multiply-adds of one run. */
      work: number;
    };
    controls: Record<string, LiveControl>;
    drawings: LiveDrawing[];
    /** What each drawing's output was for the values that the controls begin with. */
    values: Packed[];
  }
>;

/** The ONNX file of a graph that `problem` has passed. */
export const graphBytes = ({ bytes }: LivePayload['data']['graph']): Uint8Array => fromBase64(bytes);

/** Bytes of a graph that a page takes. */
export const LIVE_MOST = 32e6;
/** Drawings and controls of one figure. */
const PARTS = 32;
/** Words that a text may have. */
const WORDS = 4096;

const names = (value: unknown, controls: Record<string, unknown>): boolean =>
  isTexts(value) ||
  (isRecord(value) &&
    isText(value.control) &&
    isRecord(controls[value.control]) &&
    (controls[value.control] as Record<string, unknown>).kind === 'words');

function pictureProblem({ options, value, pictures, own }: Record<string, unknown>): string | undefined {
  if (!isTexts(options) || !options.includes(value as string)) return 'has no options, or begins at none';
  if (!Array.isArray(pictures) || pictures.length !== options.length) return 'is not one picture an option';
  if (typeof own !== 'boolean') return 'does not say whether readers bring their own';
  const dims = isRecord(pictures[0]) && Array.isArray(pictures[0].dims) ? pictures[0].dims.join() : '';
  for (const picture of pictures as unknown[]) {
    const wrong = packedProblem(picture, 4);
    if (wrong) return `has a picture that ${wrong}`;
    const size = (picture as Packed).dims;
    if (size.join() !== dims || size[0] !== 1 || ![1, 3].includes(size[1]) || size.includes(0))
      return 'has pictures that are not all 1×3×H×W or 1×1×H×W';
  }
  return undefined;
}

function wordsProblem(control: Record<string, unknown>): string | undefined {
  const { words, before, length, fixed, last, value } = control;
  if (!isText(value) || value.length > 100_000) return 'has no text';
  if (!isTexts(words) || !words.length || !isTexts(before)) return 'has no words';
  if (!Number.isInteger(length) || (length as number) <= before.length || (length as number) > WORDS)
    return `takes ${String(length)} words`;
  if (typeof fixed !== 'boolean' || (last !== undefined && !isText(last))) return 'is no text of words';
  return undefined;
}

function fieldProblem(control: unknown): string | undefined {
  if (!isRecord(control)) return 'is not an object';
  if (!isText(control.input)) return 'names no input';
  if (control.kind === 'picture') return pictureProblem(control);
  if (control.kind === 'words') return wordsProblem(control);
  if (control.kind !== 'slider' && control.kind !== 'choice')
    return `is of kind ${JSON.stringify(control.kind)}`;
  if (control.kind === 'choice' && !Number.isInteger(control.first))
    return 'does not say where it counts from';
  return controlProblem(control);
}

const kinds: Readonly<
  Record<
    LiveDrawing['kind'],
    (drawing: Record<string, unknown>, controls: Record<string, unknown>) => boolean
  >
> = {
  bars: ({ labels, y }, controls) => isText(y) && names(labels, controls),
  lines: ({ names, x, y }) => isText(x) && isText(y) && isTexts(names),
  heatmap: ({ rows, columns, x, y }, controls) =>
    isText(x) && isText(y) && [rows, columns].every(given => given === undefined || names(given, controls)),
  picture: () => true,
  tokens: ({ words, unit }, controls) => isText(unit) && names(words, controls),
};

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title)) return 'data.title is not text';
  const { graph, controls, drawings, values } = data;
  if (!isRecord(graph) || !isText(graph.bytes) || !/^[A-Za-z0-9+/]+=*$/.test(graph.bytes))
    return 'data.graph is no file';
  if (graph.bytes.length > (LIVE_MOST / 3) * 4)
    return `data.graph has ${Math.round((graph.bytes.length / 4) * 3e-6)} MB; at most ${LIVE_MOST / 1e6} MB are run in a page`;
  if (![graph.size, graph.work].every(Number.isFinite)) return 'data.graph does not say its size';
  if (!isRecord(controls) || Object.keys(controls).length > PARTS)
    return 'data.controls is not a few controls';
  for (const [name, control] of Object.entries(controls)) {
    const wrong = fieldProblem(control);
    if (wrong) return `data.controls.${name} ${wrong}`;
  }
  if (!Array.isArray(drawings) || !Array.isArray(values) || drawings.length !== values.length)
    return 'data.values is not one array a drawing';
  if (!drawings.length || drawings.length > PARTS) return 'data.drawings is not a few drawings';
  for (const [i, drawing] of (drawings as unknown[]).entries()) {
    if (!isRecord(drawing) || !isText(drawing.output) || !isText(drawing.title))
      return `data.drawings[${i}] names no output`;
    const { kind, range } = drawing;
    if (!isText(kind) || !Object.hasOwn(kinds, kind))
      return `data.drawings[${i}] is of kind ${JSON.stringify(kind)}`;
    if (range !== undefined && !isRange(range))
      return `data.drawings[${i}].range is not two numbers in order`;
    if (!kinds[kind as LiveDrawing['kind']](drawing, controls)) return `data.drawings[${i}] is no ${kind}`;
    const wrong = packedProblem((values as unknown[])[i]);
    if (wrong) return `data.values[${i}] ${wrong}`;
  }
  return undefined;
};
