/** The marks of a drawn axis: lines across with a number at each, and numbers along the foot. */
import { svg } from './dom.ts';

export const levelLines = (
  values: readonly number[],
  y: (value: number) => number,
  { left, right }: { left: number; right: number },
  text: (value: number) => string,
): SVGElement[] =>
  values.flatMap(value => [
    svg('line', { class: 'nb-axis-grid', x1: left, x2: right, y1: y(value), y2: y(value) }),
    svg('text', { x: left - 7, y: y(value) + 4, 'text-anchor': 'end' }, text(value)),
  ]);

/** @param marks where along the axis, and what stands there */
export const footWords = (marks: readonly { at: number; text: string }[], y: number): SVGElement[] =>
  marks.map(({ at, text }) => svg('text', { x: at, y, 'text-anchor': 'middle' }, text));
