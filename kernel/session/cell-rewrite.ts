/**
 * The pass over a cell's JavaScript, one visit per node. It
 * 1. turns declarations of the cell into assignments to the session's scope object: `const x = 1` → `__scope.x = 1`;
 * 2. turns every reference that no inner scope answers into a property of it: `x` → `__scope.x`;
 * 3. puts `__check()` at every loop head and after every statement that awaited;
 * 4. lifts imports into awaits of `__import`.
 *
 * What is live in one cell is so live in all: functions of an early cell see what a later cell assigns.
 */
import type MagicString from 'magic-string';
import type { ImportDeclaration, Node, VariableDeclaration } from 'oxc-parser';
import { importCode } from './cell-imports.ts';
import { isMagicCall } from './cell-source.ts';
import {
  childrenOf,
  functionNames,
  hoistedNames,
  isFunction,
  isLocal,
  lexicalNames,
  namesOfPattern,
  type Scope,
} from './cell-names.ts';

export interface RewriteOptions {
  /** Names that this cell declares, with how. */
  declared: ReadonlyMap<string, Kind>;
  /** Names of earlier cells. */
  known: (name: string) => Kind | undefined;
  /** Names that mean Node's own thing as long as no cell declares them. */
  isGlobal: (name: string) => boolean;
}

export type Kind = 'const' | 'let' | 'var' | 'function' | 'class' | 'import';

export class CellRewriter {
  /** Names of the session that the cell uses. */
  readonly used = new Set<string>();
  private awaited = false;
  /** How many functions deep: 0 is the cell itself. */
  private depth = 0;
  /** Where a late import moves to: behind the leading ones. */
  private importsEnd: number | undefined;

  constructor(
    private readonly text: MagicString,
    private readonly options: RewriteOptions,
  ) {}

  /** Statements of the cell itself. */
  topLevel(statements: readonly Node[], scope?: Scope): void {
    this.importsEnd = undefined;
    for (const statement of statements) {
      if (isMagicCall(statement)) this.importsEnd = undefined;
      else if (statement.type !== 'ImportDeclaration') this.importsEnd ??= statement.start;
      this.withCheck(statement, () => this.topStatement(statement, scope));
    }
  }

  private topStatement(node: Node, scope: Scope | undefined): void {
    const { text } = this;
    switch (node.type) {
      case 'VariableDeclaration':
        return this.declare(node, scope);
      case 'ClassDeclaration':
        if (!node.id) break;
        text.prependRight(node.start, `__scope.${node.id.name} = `);
        text.appendLeft(node.end, ';');
        return this.visit(node, scope);
      case 'ImportDeclaration':
        return this.liftImport(node);
      case 'ExportNamedDeclaration':
        if (node.declaration) {
          text.remove(node.start, node.declaration.start);
          return this.topStatement(node.declaration, scope);
        }
        return this.reexport(node, node.source?.value);
      case 'ExportAllDeclaration':
        return this.reexport(node, node.source.value);
      case 'ExportDefaultDeclaration': {
        const inner = node.declaration as Node;
        text.remove(node.start, inner.start);
        if ((inner.type === 'FunctionDeclaration' || inner.type === 'ClassDeclaration') && inner.id)
          return this.topStatement(inner, scope);
        // an object, a function or a class is an expression in brackets only
        text.prependRight(inner.start, '(');
        text.appendLeft(inner.end, ')');
        return this.visit(inner, scope);
      }
    }
    this.visit(node, scope);
  }

  private reexport(node: Node, source: string | undefined): void {
    if (source === undefined) return void this.text.remove(node.start, node.end);
    this.awaited = true;
    this.text.update(node.start, node.end, `await __import(${JSON.stringify(source)});`);
  }

  private liftImport(node: ImportDeclaration): void {
    this.awaited = true;
    this.text.update(node.start, node.end, importCode(node));
    if (this.importsEnd !== undefined) this.text.move(node.start, node.end, this.importsEnd);
  }

  private visit(node: Node, scope: Scope | undefined): void {
    const { text } = this;
    switch (node.type) {
      case 'Identifier':
        return this.reference(node, scope);
      case 'MemberExpression':
        this.visit(node.object, scope);
        if (node.computed) this.visit(node.property, scope);
        return;
      case 'Property':
        return this.property(node, scope, value => this.visit(value, scope));
      case 'MethodDefinition':
      case 'PropertyDefinition':
      case 'AccessorProperty':
        if (node.computed) this.visit(node.key, scope);
        if (node.value) this.visit(node.value, scope);
        return;
      case 'LabeledStatement':
        return this.visit(node.body, scope);
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
      case 'MetaProperty':
        if (node.meta.name === 'import') text.update(node.start, node.end, '__meta');
        return;
      case 'ImportExpression':
        text.update(node.start, node.start + 'import'.length, '__import');
        break;
      case 'CallExpression':
      case 'TaggedTemplateExpression':
        return this.call(node, scope);
      case 'UnaryExpression':
        if (
          node.operator === 'typeof' &&
          node.argument.type === 'Identifier' &&
          this.isSession(node.argument.name, scope)
        ) {
          const { name, start, end } = node.argument;
          text.update(start, end, `(${JSON.stringify(name)} in __scope ? __scope.${name} : undefined)`);
          return;
        }
        break;
      case 'AssignmentExpression':
        this.target(node.left, scope);
        return this.visit(node.right, scope);
      case 'UpdateExpression':
        return this.target(node.argument, scope);
      case 'AwaitExpression':
        this.awaited = true;
        break;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.function(node, scope);
      case 'ClassDeclaration':
      case 'ClassExpression': {
        const inner = node.id ? { names: new Set([node.id.name]), parent: scope } : scope;
        if (node.superClass) this.visit(node.superClass, inner);
        return this.visit(node.body, inner);
      }
      case 'StaticBlock':
        return this.insideFunction(() =>
          this.list(node.body, {
            names: new Set([
              ...lexicalNames(node.body),
              ...node.body.flatMap(child => [...hoistedNames(child)]),
            ]),
            parent: scope,
          }),
        );
      case 'BlockStatement':
        return this.list(node.body, { names: new Set(lexicalNames(node.body)), parent: scope });
      case 'SwitchStatement': {
        this.visit(node.discriminant, scope);
        const names = new Set(node.cases.flatMap(({ consequent }) => [...lexicalNames(consequent)]));
        for (const { test, consequent } of node.cases) {
          if (test) this.visit(test, { names, parent: scope });
          this.list(consequent, { names, parent: scope });
        }
        return;
      }
      case 'CatchClause': {
        const inner = { names: new Set(node.param ? namesOfPattern(node.param) : []), parent: scope };
        if (node.param) this.visit(node.param, inner);
        return this.visit(node.body, inner);
      }
      case 'WhileStatement':
      case 'DoWhileStatement':
        this.visit(node.test, scope);
        return this.loopBody(node.body, scope);
      case 'ForStatement':
        return this.for(node, scope);
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.forEach(node, scope);
      case 'VariableDeclaration':
        if (node.kind === 'var' && this.depth === 0) return this.declare(node, scope);
        break;
    }
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  private isSession(name: string, scope: Scope | undefined): boolean {
    if (isLocal(name, scope)) return false;
    return this.options.declared.has(name) || !!this.options.known(name) || !this.options.isGlobal(name);
  }

  private reference(node: Node & { type: 'Identifier'; name: string }, scope: Scope | undefined): void {
    if (!this.isSession(node.name, scope)) return;
    this.used.add(node.name);
    this.text.update(node.start, node.end, `__scope.${node.name}`);
  }

  /** `f(x)` → `(0, __scope.f)(x)`: a plain call has no `this`. */
  private call(
    node: Node & { type: 'CallExpression' | 'TaggedTemplateExpression' },
    scope: Scope | undefined,
  ): void {
    const callee: Node = node.type === 'CallExpression' ? node.callee : node.tag;
    if (callee.type === 'Identifier' && this.isSession(callee.name, scope)) {
      this.used.add(callee.name);
      this.text.update(callee.start, callee.end, `(0, __scope.${callee.name})`);
    } else this.visit(callee, scope);
    for (const child of childrenOf(node)) if (child !== callee) this.visit(child, scope);
  }

  /** `{a}` and `{a = 1}` name a property and a variable at once; renamed they need both. */
  private property(
    node: Node & { type: 'Property' },
    scope: Scope | undefined,
    visitValue: (value: Node) => void,
  ): void {
    if (node.computed) this.visit(node.key, scope);
    const value = node.value as Node;
    const variable = value.type === 'AssignmentPattern' ? (value.left as Node) : value;
    if (node.shorthand && variable.type === 'Identifier' && this.isSession(variable.name, scope))
      this.text.prependRight(node.start, `${variable.name}: `);
    visitValue(value);
  }

  /** What an assignment writes to. A constant refuses, as it would in a module, except where it is `made`. */
  private target(node: Node, scope: Scope | undefined, made = false): void {
    const inner = (child: Node) => this.target(child, scope, made);
    switch (node.type) {
      case 'Identifier': {
        if (!this.isSession(node.name, scope)) return;
        if (!made) this.used.add(node.name);
        const kind = this.options.declared.get(node.name) ?? this.options.known(node.name);
        const refused = !made && (kind === 'const' || kind === 'import');
        const code = refused ? `__constant(${JSON.stringify(node.name)}).x` : `__scope.${node.name}`;
        this.text.update(node.start, node.end, code);
        return;
      }
      case 'ObjectPattern':
        for (const property of node.properties)
          if (property.type === 'Property') this.property(property, scope, inner);
          else inner(property.argument);
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element) inner(element);
        return;
      case 'AssignmentPattern':
        inner(node.left);
        if (made) this.nameFunction(node.left, node.right, node.end);
        return this.visit(node.right, scope);
      case 'RestElement':
        return inner(node.argument);
    }
    this.visit(node, scope);
  }

  /** `let x` → `__scope.x = undefined`, `const {a} = v` → `({a: __scope.a} = v)`. */
  private declare(node: VariableDeclaration, scope: Scope | undefined): void {
    const { text } = this;
    const helper = node.declarations.every(({ id }) => id.type === 'Identifier' && isLocal(id.name, scope));
    if (helper) return node.declarations.forEach(({ init }) => init && this.visit(init, scope));
    text.remove(node.start, node.declarations[0].start);
    for (const { id, init, start, end } of node.declarations) {
      if (!init) {
        if (id.type === 'Identifier')
          text.update(id.start, id.end, node.kind === 'var' ? 'void 0' : `__scope.${id.name} = undefined`);
        continue;
      }
      this.target(id, scope, true);
      if (id.type !== 'Identifier') {
        text.prependRight(start, '(');
        text.appendLeft(end, ')');
      } else this.nameFunction(id, init, end);
      this.visit(init, scope);
    }
  }

  /** An assignment to a property leaves a function nameless; a property of a literal names it. */
  private nameFunction(id: Node, init: Node, end: number): void {
    if (id.type !== 'Identifier' || !isAnonymous(init)) return;
    this.text.appendLeft(id.end, ` = ({ ${id.name}: `);
    this.text.remove(id.end, init.start);
    this.text.appendLeft(end, ` }).${id.name}`);
  }

  private function(node: Node, scope: Scope | undefined): void {
    if (
      node.type !== 'FunctionDeclaration' &&
      node.type !== 'FunctionExpression' &&
      node.type !== 'ArrowFunctionExpression'
    )
      return;
    const inner = { names: functionNames(node), parent: scope };
    this.insideFunction(() => {
      for (const parameter of node.params) this.visit(parameter as Node, inner);
      if (!node.body) return;
      if (node.body.type === 'BlockStatement') this.list(node.body.body, inner);
      else this.visit(node.body, inner);
    });
  }

  private insideFunction(work: () => void): void {
    const outer = this.awaited;
    this.depth++;
    work();
    this.depth--;
    this.awaited = outer;
  }

  private list(statements: readonly Node[], scope: Scope): void {
    for (const statement of statements) this.withCheck(statement, () => this.visit(statement, scope));
  }

  /** After a statement that awaited: what it assigned is there, then Interrupt is raised. */
  private withCheck(statement: Node, work: () => void): void {
    const outer = this.awaited;
    this.awaited = false;
    work();
    if (this.awaited && !leaves.has(statement.type)) this.text.appendLeft(statement.end, ' __check();');
    this.awaited ||= outer;
  }

  private for(node: Node & { type: 'ForStatement' }, scope: Scope | undefined): void {
    const { init, test, update, body } = node;
    const lexical = init?.type === 'VariableDeclaration' && init.kind !== 'var';
    const inner = lexical ? { names: new Set(lexicalNames([init])), parent: scope } : scope;
    for (const part of [init, test, update]) if (part) this.visit(part, inner);
    this.loopBody(body, inner);
  }

  private forEach(
    node: Node & { type: 'ForInStatement' | 'ForOfStatement' },
    scope: Scope | undefined,
  ): void {
    const { left, right, body } = node;
    if (node.type === 'ForOfStatement' && node.await) this.awaited = true;
    const lexical = left.type === 'VariableDeclaration' && left.kind !== 'var';
    const inner = lexical ? { names: new Set(lexicalNames([left])), parent: scope } : scope;
    if (left.type !== 'VariableDeclaration') this.target(left, inner);
    else if (left.kind === 'var' && this.depth === 0) {
      this.text.remove(left.start, left.declarations[0].start);
      this.target(left.declarations[0].id, inner, true);
    } else this.visit(left, inner);
    this.visit(right, inner);
    this.loopBody(body, inner);
  }

  private loopBody(body: Node, scope: Scope | undefined): void {
    if (body.type === 'BlockStatement') this.text.appendRight(body.start + 1, ' __check();');
    else {
      this.text.prependRight(body.start, '{ __check(); ');
      this.text.appendLeft(body.end, ' }');
    }
    this.visit(body, scope);
  }
}

const leaves = new Set([
  'ReturnStatement',
  'ThrowStatement',
  'BreakStatement',
  'ContinueStatement',
  'ImportDeclaration',
]);

const isAnonymous = (node: Node): boolean =>
  (isFunction(node) || node.type === 'ClassExpression') && !('id' in node && node.id);
