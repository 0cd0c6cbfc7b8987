/** A value as text, in Node: util.inspect with the lengths that suit a notebook. */
import { inspect as nodeInspect } from 'node:util';

/** `items` is how many elements of a list are shown, `depth` how deep the value is. */
export const inspect = (value: unknown, { items = 100, depth = 4 } = {}): string =>
  nodeInspect(value, {
    depth,
    maxArrayLength: items,
    maxStringLength: 10_000,
    breakLength: 100,
    numericSeparator: false,
  });
