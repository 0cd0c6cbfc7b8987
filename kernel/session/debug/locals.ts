/** Which names of a cell's own functions and blocks a place in its JavaScript can see; all others are the notebook's. */
import { parseSync, type Node } from 'oxc-parser';
import { childrenOf, functionNames, isFunction, lexicalNames, namesOfPattern } from '../cell-names.ts';

/** @example localsAt('(a) => { let b; return a }', 20) // → Set { 'a', 'b' } */
export function localsAt(code: string, offset: number): Set<string> {
  const names = new Set<string>();
  const visit = (node: Node): void => {
    if (node.start > offset || node.end < offset) return;
    for (const name of namesOf(node)) names.add(name);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(parseSync('cell.js', code, { lang: 'js', sourceType: 'script' }).program as unknown as Node);
  return names;
}

function* namesOf(node: Node): Generator<string> {
  if (isFunction(node)) yield* functionNames(node);
  else if (node.type === 'BlockStatement' || node.type === 'StaticBlock') yield* lexicalNames(node.body);
  else if (node.type === 'SwitchStatement')
    yield* lexicalNames(node.cases.flatMap(({ consequent }) => consequent));
  else if (node.type === 'CatchClause' && node.param) yield* namesOfPattern(node.param);
  else if (node.type === 'ClassExpression' && node.id) yield node.id.name;
  else if (node.type === 'ForStatement' && node.init?.type === 'VariableDeclaration')
    yield* lexicalNames([node.init]);
  else if (
    (node.type === 'ForOfStatement' || node.type === 'ForInStatement') &&
    node.left.type === 'VariableDeclaration'
  )
    yield* lexicalNames([node.left]);
}
