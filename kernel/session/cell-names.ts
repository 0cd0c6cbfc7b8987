/** Which names a piece of JavaScript declares, and where: the tables that the cell rewriter resolves against. */
import type { Node } from 'oxc-parser';
import { visitorKeys } from 'oxc-parser';

/** A lexical scope inside a cell. Names found here are left alone; all others belong to the session or to Node. */
export interface Scope {
  names: ReadonlySet<string>;
  parent?: Scope;
}

export function isLocal(name: string, scope: Scope | undefined): boolean {
  for (let at = scope; at; at = at.parent) if (at.names.has(name)) return true;
  return false;
}

/** The child nodes of a node, in source order. */
export function childrenOf(node: Node): Node[] {
  const fields = node as unknown as Record<string, unknown>;
  const children: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value = fields[key];
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) children.push(item);
    } else if (isNode(value)) children.push(value);
  }
  return children;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

export const isFunction = (node: Node): boolean =>
  node.type === 'FunctionDeclaration' ||
  node.type === 'FunctionExpression' ||
  node.type === 'ArrowFunctionExpression';

/** The names that a binding pattern introduces: `{a, b: [c = 1], ...d}` gives a, c, d. */
export function* namesOfPattern(pattern: Node): Generator<string> {
  switch (pattern.type) {
    case 'Identifier':
      yield pattern.name;
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties)
        yield* namesOfPattern(property.type === 'RestElement' ? property.argument : property.value);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element) yield* namesOfPattern(element);
      break;
    case 'AssignmentPattern':
      yield* namesOfPattern(pattern.left);
      break;
    case 'RestElement':
      yield* namesOfPattern(pattern.argument);
      break;
  }
}

/** `var` names of a function body or cell: found in nested blocks too, not in nested functions. */
export function* hoistedNames(node: Node): Generator<string> {
  if (node.type === 'VariableDeclaration') {
    if (node.kind === 'var') for (const declarator of node.declarations) yield* namesOfPattern(declarator.id);
  } else if (holdsStatements(node.type)) for (const child of childrenOf(node)) yield* hoistedNames(child);
}

/** Expressions hold statements in functions and classes only, whose variables are their own. */
const holdsStatements = (type: Node['type']): boolean =>
  (type.endsWith('Statement') && type !== 'ExpressionStatement') ||
  type === 'SwitchCase' ||
  type === 'CatchClause' ||
  type === 'ExportNamedDeclaration';

/** `let`, `const`, class and function names of one statement list. */
export function* lexicalNames(statements: readonly Node[]): Generator<string> {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement.kind !== 'var')
      for (const declarator of statement.declarations) yield* namesOfPattern(declarator.id);
    else if (
      (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') &&
      statement.id
    )
      yield statement.id.name;
  }
}

/** Everything that the inside of a function can name on its own: parameters, its variables, its own name. */
export function functionNames(node: Node): Set<string> {
  const names = new Set<string>();
  if (
    node.type !== 'FunctionDeclaration' &&
    node.type !== 'FunctionExpression' &&
    node.type !== 'ArrowFunctionExpression'
  )
    return names;
  for (const parameter of node.params) for (const name of namesOfPattern(parameter as Node)) names.add(name);
  if (node.type !== 'ArrowFunctionExpression') names.add('arguments');
  if (node.type === 'FunctionExpression' && node.id) names.add(node.id.name);
  if (node.body?.type === 'BlockStatement') {
    for (const name of lexicalNames(node.body.body)) names.add(name);
    for (const name of hoistedNames(node.body)) names.add(name);
  }
  return names;
}
