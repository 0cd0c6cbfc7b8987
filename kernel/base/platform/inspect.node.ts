/** A value as text, in Node: util.inspect with the lengths that suit a notebook. */
import { inspect as nodeInspect } from 'node:util';

/** `items` is how many elements of a list are shown. */
export const inspect = (value: unknown, { items = 100 } = {}): string =>
  nodeInspect(value, {
    depth: 4,
    maxArrayLength: items,
    maxStringLength: 10_000,
    breakLength: 100,
    numericSeparator: false,
  });
