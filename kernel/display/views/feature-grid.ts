/** The payload of the feature grid: pictures that excite something, each with the course of its ascent. */
import {
  isNumbers,
  isRecord,
  isSize,
  isText,
  type Problem,
  type ViewOptions,
  type ViewPayload,
} from '../payload.ts';

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
  ViewOptions & { columns?: number; pixelated?: boolean }
>;

export const problem: Problem = data => {
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
};
