/**
 * Cells by tslab's own converter, for notebooks that depend on how it works: TypeScript 5.0, type errors stop a cell,
 * each variable is a property of one `exports` object. Chosen by NEURONBOOK_CONVERTER=tslab. The differential test uses
 * the same code as its oracle.
 */
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import type { Converter, ConvertResult } from 'tslab/dist/converter.js';
import { isSilent } from '../../display/bundle.ts';
import type { CellResult, Evaluator, EvaluatorOptions } from '../evaluate.ts';
import { createNotebookRequire } from '../resolve.ts';
import { createStacks } from '../stack.ts';

/** A cell that tslab refuses to run. */
export class TypeErrors extends Error {
  override name = 'TypeErrors';
}

export type Converted = Pick<
  ConvertResult,
  'output' | 'declOutput' | 'lastExpressionVar' | 'hasToplevelAwait'
> & { diagnostics: readonly Pick<ConvertResult['diagnostics'][number], 'start' | 'messageText' | 'code'>[] };

/** @param convert what tslab makes of a cell, given the declarations of those before it */
export function createConvertedEvaluator(
  convert: (declarations: string, source: string) => Converted,
  cwd: string,
): Evaluator {
  const exports = createExports();
  const require = createNotebookRequire(cwd);
  const stacks = createStacks();
  let declarations = '';

  async function run(source: string, count: number): Promise<CellResult> {
    const { output, declOutput = '', diagnostics, lastExpressionVar: last } = convert(declarations, source);
    if (diagnostics.length) throw new TypeErrors(diagnostics.map(described).join('\n'));
    declarations = declOutput;
    if (!output) return { hasValue: false };
    const body = new Script(`(async function(exports, require) { ${output}\n})`, {
      filename: `[tslab cell ${count}]`,
    }).runInThisContext() as (...given: unknown[]) => Promise<void>;
    await body(exports, require);
    if (last === undefined) return { hasValue: false };
    const value = exports[last];
    delete exports[last];
    return isSilent(value) || value === null ? { hasValue: false } : { hasValue: true, value };
  }

  return {
    run,
    formatError: stacks.format,
    names: () => Object.keys(exports),
    scope: exports,
    kinds: new Map(),
  };
}

/** TypeScript makes getters of imports; tslab's names can be assigned again. */
function createExports(): Record<string, unknown> {
  return new Proxy<Record<string, unknown>>(
    {},
    {
      defineProperty(target, name, { get, value }) {
        if (name !== '__esModule') target[String(name)] = get ? get() : value;
        return true;
      },
    },
  );
}

const described = ({ start, messageText, code }: Converted['diagnostics'][number]): string =>
  `${start.line + 1}:${start.character + 1} - ${messageText} (TS${code})`;

let converter: Converter | undefined;

/** The converter works in the working folder of the process, takes seconds to load, and serves all sessions. */
export function createTslabEvaluator({ cwd }: Pick<EvaluatorOptions, 'cwd'>): Evaluator {
  const { createConverter } = createRequire(import.meta.url)('tslab/dist/converter') as {
    createConverter(): Converter;
  };
  return createConvertedEvaluator(
    (declarations, source) => (converter ??= createConverter()).convert(declarations, source),
    cwd,
  );
}
