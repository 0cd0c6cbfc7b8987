/**
 * A cell as written → TypeScript that parses: magics become calls, a cell that is an object literal gets its
 * brackets. Lines stay where they are.
 */
import MagicString from 'magic-string';
import type { Node } from 'oxc-parser';
import { findMagics } from '../base/magics.ts';
import { isObjectLiteral } from '../base/object-literal.ts';

export interface CellSource {
  code: string;
  /** Positions in `code` → positions in the cell as written; absent where they are the same. */
  map?: object;
}

export function cellSource(source: string, isName: (name: string) => boolean): CellSource {
  if (source.startsWith('#!')) return { code: `//${source.slice(2)}` };
  const { cell, lines } = findMagics(source, isName);
  const text = new MagicString(source);
  if (cell) text.update(0, source.length, call(`%%${cell.name}`, cell.text, cell.bodyStart));
  for (const { name, text: given, start, end, textStart } of lines) {
    const breaks = source.slice(start, end).replace(/[^\n]/g, '');
    const last = /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*$/.test(source.slice(end));
    text.update(start, end, `;${call(`%${name}`, given, textStart)}${last ? '' : ';'}${breaks}`);
  }
  if (!cell && !lines.length && isObjectLiteral(source)) text.prepend('(').append('\n)');
  if (!text.hasChanged()) return { code: source };
  return { code: text.toString(), map: text.generateDecodedMap({ hires: 'boundary', source: 'cell.ts' }) };
}

/** `import.meta.magic` is made for each cell by `evaluate.ts`. */
const call = (name: string, text: string, at: number): string =>
  `await import.meta.magic(${JSON.stringify(name)}, ${JSON.stringify(text)}, ${at})`;

/** Such a statement is done before what is imported below it: `%install` comes first. */
export const isMagicCall = (node: Node): boolean =>
  node.type === 'ExpressionStatement' &&
  node.expression.type === 'AwaitExpression' &&
  node.expression.argument.type === 'CallExpression' &&
  node.expression.argument.callee.type === 'MemberExpression' &&
  node.expression.argument.callee.object.type === 'MetaProperty' &&
  node.expression.argument.callee.property.type === 'Identifier' &&
  node.expression.argument.callee.property.name === 'magic';
