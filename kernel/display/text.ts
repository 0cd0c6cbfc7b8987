/** A value as text, never longer than a reader wants and never failing, whatever the value does when it is read. */
import { inspect } from '#platform/inspect';

/** Parts of a value that are shown at most; beyond, the text goes less deep and shows fewer items of each list. */
const maxParts = 4000;
const maxKeys = 200;
const maxText = 100_000;
const steps = [
  { items: 100, depth: 4 },
  { items: 50, depth: 3 },
  { items: 20, depth: 2 },
  { items: 10, depth: 1 },
];

/** Long lists of numbers say little: a few of them are shown. */
const isNumbers = (value: unknown): boolean => ArrayBuffer.isView(value);

export function textOf(value: unknown): string {
  try {
    const hidden = tooManyKeys(value);
    const text = hidden ? `${shown(hidden.some)}\n… ${hidden.rest} more keys` : shown(value);
    return text.length > maxText
      ? `${text.slice(0, maxText)}\n… ${text.length - maxText} more characters`
      : text;
  } catch (error) {
    return `${typeof value === 'function' ? '[Function]' : '[Object]'}, which cannot be shown: ${reasonOf(error)}`;
  }
}

/** What was thrown, in a line; what is thrown need not be an error, nor readable. */
export function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'what it throws cannot be shown either';
  }
}

function shown(value: unknown): string {
  if (isNumbers(value) || hasNumbers(value)) return inspect(value, { items: 12 });
  const { items, depth } = steps.find(step => partsOf(value, step) <= maxParts) ?? { items: 3, depth: 0 };
  return inspect(value, { items, depth });
}

const hasNumbers = (value: unknown): boolean =>
  isPlain(value) &&
  Object.keys(value)
    .slice(0, maxKeys)
    .some(key => isNumbers(dataOf(value, key)));

/** Node shows every key of an object, however many there are. */
function tooManyKeys(value: unknown): { some: object; rest: number } | undefined {
  if (!isPlain(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length <= maxKeys) return undefined;
  const some = keys
    .slice(0, maxKeys)
    .map(key => [key, Object.getOwnPropertyDescriptor(value, key) ?? {}] as const);
  return { some: Object.defineProperties({}, Object.fromEntries(some)), rest: keys.length - maxKeys };
}

/** How many values inspect would print, counted no further than is asked. Getters are left alone. */
function partsOf(value: unknown, { items, depth }: { items: number; depth: number }): number {
  let count = 0;
  const visit = (value: unknown, left: number): void => {
    if (++count > maxParts || typeof value !== 'object' || value === null || left < 0) return;
    if (Array.isArray(value))
      for (let i = 0; i < Math.min(items, value.length) && count <= maxParts; i++) visit(value[i], left - 1);
    else if (value instanceof Map || value instanceof Set) {
      let seen = 0;
      for (const item of value.values()) {
        if (++seen > items || count > maxParts) break;
        visit(item, left - 1);
      }
    } else if (!ArrayBuffer.isView(value))
      for (const key of Object.keys(value)) {
        if (count > maxParts) break;
        visit(dataOf(value, key), left - 1);
      }
  };
  visit(value, depth);
  return count;
}

const dataOf = (value: object, key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value;

/** An object that is nothing but its properties. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
