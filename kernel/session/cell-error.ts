/**
 * A cell that does not parse: message, place and excerpt, before anything ran.
 * Thrown by `rewriteCell`, shown by `formatError` in `stack.ts`.
 */
import { excerpt } from './excerpt.ts';

export class CellSyntaxError extends SyntaxError {
  constructor(
    readonly reason: string,
    readonly source: string,
    readonly count: number,
    /** From 1, in the user's TypeScript. */
    readonly line: number,
    /** From 1, in UTF-16 units. */
    readonly column: number,
    readonly hint?: string,
  ) {
    super(`${reason} (cell ${count}, line ${line}, column ${column})${hint ? `; ${hint}` : ''}`);
    this.name = 'SyntaxError';
    this.stack = `SyntaxError: ${this.message}\n${excerpt(source, line, column).join('\n')}`;
  }
}

/** The line and column, both from 1, of a UTF-16 offset. */
export function positionAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, Math.min(offset, source.length));
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: before.length - lastBreak };
}
