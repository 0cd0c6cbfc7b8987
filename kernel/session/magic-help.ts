/** Completion and inspection of magics, which the language service does not know. */
import { loadMagic, magicNames, type Magic } from './magic.ts';

/** A magic that begins before the cursor. Positions count code points, as in the protocol. */
interface Named {
  sign: '%' | '%%';
  /** As far as it is written before the cursor. */
  typed: string;
  name: string;
  /** Where sign and name begin and end. */
  start: number;
  end: number;
}

function magicAt(code: string, cursor: number): Named | undefined {
  const points = [...code];
  const before = points.slice(0, cursor).join('');
  const [, head, sign, typed] = /^([^]*\n[ \t]*|[ \t]*)(%%?)(\w*)$/.exec(before) ?? [];
  if (sign === undefined || (sign === '%%' && head.trim())) return undefined;
  const rest = /^\w*/.exec(points.slice(cursor).join(''))?.[0] ?? '';
  return {
    sign: sign as Named['sign'],
    typed,
    name: typed + rest,
    start: [...head].length,
    end: cursor + rest.length,
  };
}

/** The content of a `complete_reply`; undefined where no magic begins so. */
export async function completeMagic(code: string, cursor: number): Promise<object | undefined> {
  const at = magicAt(code, cursor);
  if (!at) return undefined;
  const names = magicNames().filter(name => name.startsWith(at.typed));
  const magics = await Promise.all(names.map(async name => ({ name, magic: await loadMagic(name) })));
  const fitting = magics.filter(({ magic }) => (at.sign === '%' ? magic.line : magic.cell));
  if (!fitting.length) return undefined;
  const matches = fitting.map(({ name }) => at.sign + name);
  const { start, end } = at;
  return {
    status: 'ok',
    matches,
    cursor_start: start,
    cursor_end: end,
    metadata: {
      _jupyter_types_experimental: fitting.map(({ magic }, i) => ({
        start,
        end,
        text: matches[i],
        type: 'magic',
        signature: magic.usage,
      })),
    },
  };
}

/** The content of an `inspect_reply`; undefined where the cursor is on no magic. */
export async function inspectMagic(code: string, cursor: number): Promise<object | undefined> {
  const at = magicAt(code, cursor);
  if (!at || !magicNames().includes(at.name)) return undefined;
  const { usage, about }: Magic = await loadMagic(at.name);
  const text = `${usage}\n${about}`;
  return { status: 'ok', found: true, data: { 'text/plain': text }, metadata: {} };
}
