/**
 * Runs the magics of cells. A magic is a file in `magics/` that is named like it: the folder is the registry, and
 * a file is loaded the first time its magic is used.
 */
import { readdirSync } from 'node:fs';
import { nearest } from '../base/nearest.ts';
import type { Kind } from './cell-rewrite.ts';

export interface Variable {
  name: string;
  kind: Kind;
  value: unknown;
}

/** What a magic sees of the cell that it stands in, and of the session. */
export interface MagicCell {
  /** The notebook's folder. */
  readonly folder: string;
  /** What cells have declared so far. */
  variables(): Variable[];
  /** Forgets all variables. */
  reset(): void;
  /** Runs the magic's own text, or the lines below it, as TypeScript of this session; gives the value to be shown. */
  evaluate(code?: string): Promise<unknown>;
  /** Puts text in the place of the cell. */
  replace(text: string): void;
}

export interface Magic {
  /** How it is written. */
  usage: string;
  /** What it does, in a line. */
  about: string;
  /** `%name text`; what it returns is the line's value. */
  line?(text: string, cell: MagicCell): unknown;
  /** `%%name text` with lines below. */
  cell?(text: string, body: string, cell: MagicCell): unknown;
}

/** One line below the cell. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`);

const folder = new URL('./magics/', import.meta.url);
// from the sources, under a test runner, the magics are TypeScript too
const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

export const magicNames = (): string[] =>
  readdirSync(folder)
    .filter(file => /^[a-z]+\.[jt]s$/.test(file) && file.endsWith(ending))
    .map(file => file.slice(0, -ending.length))
    .sort();

/** @throws Error where there is no such magic; it names the nearest */
export async function loadMagic(name: string, sign = '%'): Promise<Magic> {
  const names = magicNames();
  if (!names.includes(name)) {
    const close = nearest(name, names).map(other => sign + other);
    throw new Error(
      `unknown magic: ${sign}${name}; ${close.length ? `nearest: ${close.join(', ')}; ` : ''}%lsmagic lists all`,
    );
  }
  const { default: magic } = (await import(/* @vite-ignore */ new URL(name + ending, folder).href)) as {
    default: Magic;
  };
  return magic;
}

/** @param called `%name` or `%%name` */
export async function runMagic(
  called: string,
  text: string,
  body: string,
  cell: MagicCell,
): Promise<unknown> {
  const [, sign, name] = /^(%%?)(.*)$/.exec(called) ?? [];
  const magic = await loadMagic(name, sign);
  if (sign === '%%' && magic.cell) return magic.cell(text, body, cell);
  if (sign === '%' && magic.line) return magic.line(text, cell);
  throw new Error(
    sign === '%'
      ? `%${name} takes the cell: write %%${name} in its first line`
      : `%%${name} takes one line, not the cell: write %${name}`,
  );
}
