/** Cells that are an object literal: `{ a: 1 }` is a block with a label to JavaScript, and an object to everybody else. */
import { parseSync } from 'oxc-parser';
import { isTooDeep } from './nesting.ts';

/** @example isObjectLiteral('{ a: 1 }') // → true */
export function isObjectLiteral(code: string): boolean {
  if (!/^\s*\{/.test(code) || isTooDeep(code)) return false;
  const { program, errors } = parseSync('cell.ts', `(${code}\n)`, { lang: 'ts', preserveParens: false });
  const [only, ...more] = program.body;
  return (
    !errors.length &&
    !more.length &&
    only?.type === 'ExpressionStatement' &&
    only.expression.type === 'ObjectExpression' &&
    only.expression.properties.length > 0
  );
}
