/**
 * The debugger's hand inside the runner: a global that the supervisor calls through V8's inspector, also while the
 * main thread stands at a breakpoint. It holds nothing and costs nothing while nobody debugs.
 */
import { Script } from 'node:vm';
import type { MimeBundle } from '../../base/host.ts';
import { cellParameters, rewriteCell } from '../cell.ts';
import type { CellMap, Position } from '../cell-map.ts';
import type { Kind } from '../cell-rewrite.ts';
import { mapOf } from '../stack.ts';
import type { Page, SourceBreakpoint, Variable } from './dap.ts';
import { describe } from './describe.ts';
import { localsAt } from './locals.ts';
import { createHandles } from './values.ts';

export interface ProbeParts {
  /** The notebook's variables, and how cells declared them. */
  scope: Record<string, unknown>;
  kinds: Map<string, Kind>;
  /** Runs a cell. */
  run(source: string, count: number): Promise<{ value?: unknown }>;
  bundleOf(value: unknown): MimeBundle | Promise<MimeBundle>;
  /** Throws where the reader pressed Interrupt. */
  check(): void;
}

/** What an expression gave, or why it gave nothing. */
export type Outcome = Omit<Variable, 'name'> | { problem: string };
export type Compiled = { code: string } | { problem: string };
/** A function made by `compile`. */
type Body = (...given: unknown[]) => [unknown] | undefined;

export type Probe = ReturnType<typeof createProbe>;

/** Where the probe is: an expression of JavaScript. */
export const probeExpression = `globalThis[Symbol.for('neuronbook.debug')]`;
/** The script that every cell passes through on its way: there the supervisor sets the breakpoints of the cell. */
export const GATE = 'neuronbook:compiled';
/** How far behind inserted code the user's own is looked for, in columns. */
const NEAR = 40;

/** Puts the probe where the supervisor finds it. */
export function installProbe(parts: ProbeParts): Probe {
  const probe = createProbe(parts);
  Object.defineProperty(globalThis, Symbol.for('neuronbook.debug'), { value: probe });
  return probe;
}

/** To be called with the file of each compiled cell. Without a debugger its one statement does nothing. */
export const gate = new Script('(file => { debugger; })', { filename: GATE }).runInThisContext() as (
  file: string,
) => void;

export function createProbe({ scope, kinds, run, bundleOf, check }: ProbeParts) {
  const handles = createHandles();
  const hits = new Map<number, number>();
  const given: Record<(typeof cellParameters)[number], unknown> = {
    __scope: scope,
    __check: check,
    __import: refuse('import'),
    __bind: refuse('import'),
    __meta: {},
    __constant: (name: string) => {
      throw new TypeError(`Assignment to constant variable '${name}'`);
    },
  };
  let previewed: { file: string; map: CellMap } | undefined;
  let previews = 0;
  let watching = false;
  const cells = new WeakMap<Promise<unknown>, (error: unknown) => void>();

  const call = (body: Body): unknown => body(...cellParameters.map(name => given[name]))?.[0];

  /** A piece of TypeScript → a function that sees `locals` around it and the notebook's variables. */
  function compile(source: string, locals: Iterable<string>): Compiled {
    try {
      const { code, declared } = rewriteCell(source, 0, {
        known: name => kinds.get(name) ?? (Object.hasOwn(scope, name) ? 'var' : undefined),
        isGlobal: name => name in globalThis,
        locals,
        sync: true,
      });
      new Script(code);
      for (const [name, kind] of declared) kinds.set(name, kind);
      return { code };
    } catch (error) {
      if (/\bawait\b/.test(headline(error)))
        return { problem: 'nothing can be awaited while the cell stands still; continue first' };
      return { problem: headline(error) };
    }
  }

  /** Variables by name, those that can not be read left out. */
  function values(readers: Record<string, () => unknown>): Map<string, unknown> {
    const found = new Map<string, unknown>();
    for (const [name, read] of Object.entries(readers))
      try {
        found.set(name, read());
      } catch {
        // not assigned yet, or optimized away
      }
    return found;
  }

  const globals = () =>
    new Map(
      [...kinds.keys()]
        .filter(name => Object.hasOwn(scope, name))
        .map(name => [name, Object.getOwnPropertyDescriptor(scope, name)?.value as unknown]),
    );

  /** The names that a cell declares at its top. */
  function declaredBy(file: string): string[] {
    const source = mapOf(file)?.source ?? '';
    try {
      return [...rewriteCell(source, 0, { known: name => kinds.get(name) }).declared.keys()];
    } catch {
      return [];
    }
  }

  const attempt = (body: Body, path: string): Outcome => {
    try {
      return handles.shown(call(body), path);
    } catch (error) {
      return { problem: headline(error) };
    }
  };

  const place = (file: string): CellMap | undefined =>
    previewed?.file === file ? previewed.map : mapOf(file);

  return {
    /** The TypeScript of cells, by the files they were compiled as. */
    sources: (files: readonly string[]) => files.map(file => mapOf(file)?.source ?? null),

    /** The JavaScript of a cell that is not to run, so that one can see where it could stop, and a name for it. */
    preview(source: string): { file: string; code: string } | { problem: string } {
      try {
        // of a cell such as %%time what stands below is what will run
        const below = source.replace(/^\s*%%.*/, magic => magic.replace(/[^\n]/g, ' '));
        const { code, map } = rewriteCell(below, 0, { known: name => kinds.get(name) });
        const file = `neuronbook:preview-${++previews}`;
        previewed = { file, map };
        return { file, code };
      } catch (error) {
        return { problem: headline(error) };
      }
    },

    /** Lines and columns, from 1, of a compiled file → those of its TypeScript; null for code that nobody wrote. */
    locate(file: string, positions: readonly [number, number][]): (Position | null)[] {
      const map = place(file);
      return positions.map(([line, column]) => {
        if (!map) return { line, column };
        for (let ahead = 0; ahead < NEAR; ahead++) {
          const found = map.original(line, column + ahead);
          if (found) return found;
        }
        return null;
      });
    },

    /** What a breakpoint asks when it is reached: JavaScript for the place at `offset` of `code`. */
    condition(code: string, offset: number, id: number, point: SourceBreakpoint): Compiled {
      const { condition, hitCondition, logMessage } = point;
      if (hitCondition && !readHits(hitCondition))
        return {
          problem: `hit condition: ${hitCondition}; expected a number, or >, >=, =, <, <=, % and a number`,
        };
      const locals = localsAt(code, offset);
      const parts = [condition && `(${condition}\n)`, logMessage && logged(logMessage)].map(
        source => source && compile(source, locals),
      );
      for (const part of parts) if (part && 'problem' in part) return part;
      const [test, log] = parts.map(part => (part as { code: string } | undefined)?.code ?? 'undefined');
      const hit = JSON.stringify(hitCondition ?? '');
      return { code: `${probeExpression}.isStop(${id}, ${hit}, ${test}, ${log})` };
    },

    isStop(id: number, hit: string, test?: Body, log?: Body): boolean {
      try {
        if (test && !call(test)) return false;
        hits.set(id, (hits.get(id) ?? 0) + 1);
        if (hit && !readHits(hit)?.(hits.get(id) ?? 0)) return false;
        if (!log) return true;
        const parts = (call(log) as unknown[]).map(part => (isText(part) ? part : describe(part)));
        process.stdout.write(`${parts.join('')}\n`);
        return false;
      } catch (error) {
        // better to stop once too often, and to say why
        process.stderr.write(`breakpoint: ${headline(error)}\n`);
        return true;
      }
    },

    /** A handle for the variables that `readers` read in a frame, and for those that a cell declares. */
    frame(readers: Record<string, () => unknown>, cell?: string): number {
      const declared = cell === undefined ? [] : declaredBy(cell);
      const own = [...globals()].filter(([name]) => declared.includes(name));
      const found = new Map([...own, ...values(readers)]);
      return handles.scope(() => found);
    },
    globals: () => handles.scope(globals),
    /** The notebook's variables; earlier references end here. */
    inspect(): Variable[] {
      handles.clear();
      return handles.children(handles.scope(globals), { count: kinds.size + 1 });
    },
    children: (handle: number, page: Page) => handles.children(handle, page),

    compile: (source: string, locals: readonly string[]) => compile(source, locals),
    /** Runs what `compile` made. */
    finish: (body: Body, path: string) => attempt(body, path),
    /** Runs a piece of TypeScript as a cell, where nothing stands still. */
    evaluate: (source: string): Promise<Outcome> =>
      run(source, 0).then(
        ({ value }) => handles.shown(value, source),
        (error: unknown) => ({ problem: headline(error) }),
      ),
    /** The MIME bundle of a value; of one that takes its time only the text, since time stands still. */
    rich(body: Body): MimeBundle | { problem: string } {
      try {
        const value = call(body);
        const bundle = bundleOf(value);
        return bundle instanceof Promise ? { 'text/plain': describe(value) } : bundle;
      } catch (error) {
        return { problem: headline(error) };
      }
    },
    richLater: (source: string): Promise<MimeBundle | { problem: string }> =>
      run(source, 0)
        .then(({ value }) => bundleOf(value))
        .catch((error: unknown) => ({ problem: headline(error) })),
    assign(body: Body, name: string): Outcome {
      return attempt(() => {
        const value = call(body);
        if (!kinds.has(name)) kinds.set(name, 'let');
        Object.defineProperty(scope, name, { value, writable: true, enumerable: true, configurable: true });
        return [value];
      }, name);
    },
    /** Whether to stop at errors, so that it matters which of them are caught. */
    watch: (on: boolean) => void (watching = on),
    /**
     * A cell's promise, to be awaited. The kernel catches whatever a cell throws, and V8 would call every error
     * caught. While somebody watches, the kernel's hand is hidden: the rejection goes by Node's unhandledRejection.
     */
    awaited<Value>(cell: Promise<Value>): Promise<Value> {
      if (!watching) return cell;
      return new Promise((resolve, reject) => cells.set(cell.then(resolve), reject));
    },
    /** Whether a rejection that nobody handles is a watched cell's; it is then told. */
    rejected(promise: Promise<unknown>, error: unknown): boolean {
      cells.get(promise)?.(error);
      return cells.has(promise);
    },
    /** The cell goes on: what was held for the client is let go. */
    clear: () => handles.clear(),
    reset(): void {
      hits.clear();
      watching = false;
    },
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';

const headline = (error: unknown): string =>
  error instanceof Error
    ? `${error.name}: ${error.message.replace('(cell 0, ', '(')}`
    : `thrown: ${describe(error)}`;

const refuse = (what: string) => () => {
  throw new Error(`${what} needs the cell to go on; continue first`);
};

/** `a {b} c` → `['a ', (b), ' c']` */
const logged = (message: string): string =>
  `[${message
    .split(/\{([^{}]+)\}/)
    .map((part, i) => (i % 2 ? `(${part})` : JSON.stringify(part)))
    .join(', ')}]`;

/** `3` stops once, `>= 3` from then on, `% 3` at every third hit. */
function readHits(condition: string): ((count: number) => boolean) | undefined {
  const [, sign = '=', digits] = /^\s*(>=|<=|==?|>|<|%)?\s*(\d+)\s*$/.exec(condition) ?? [];
  if (digits === undefined) return undefined;
  const wanted = Number(digits);
  const tests: Record<string, (count: number) => boolean> = {
    '>': count => count > wanted,
    '>=': count => count >= wanted,
    '<': count => count < wanted,
    '<=': count => count <= wanted,
    '%': count => count % wanted === 0,
  };
  return tests[sign] ?? (count => count === wanted);
}
