/** `%whos`: the variables with what they are, as a table. */
import { inspect } from 'node:util';
import { print, type Magic } from '../magic.ts';

const typeOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'object') : typeof value;

const brief = (value: unknown): string => {
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 60 });
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

export default {
  usage: '%whos',
  about: 'all variables, with kind, type and value',
  line(_, cell) {
    const rows = cell
      .variables()
      .map(({ name, kind, value }) => ({ name, kind, type: typeOf(value), value: brief(value) }));
    if (rows.length) return rows;
    print('no variables yet');
    return undefined;
  },
} satisfies Magic;
