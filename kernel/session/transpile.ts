/**
 * TypeScript → JavaScript that Node 20 runs, for cells and for the files beside them.
 *
 * 1. parse, as TSX only where TypeScript alone does not parse;
 * 2. strip types; lower enums, namespaces, `using`, JSX and, where the project asks for them, legacy decorators (oxc);
 * 3. lower what oxc leaves as it is: some namespaces (before 2) and standard decorators. That takes TypeScript itself,
 *    which is loaded for the first such source only.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { parseSync, Visitor, type Node, type Program } from 'oxc-parser';
import { transformSync, type JsxOptions, type SourceMap } from 'oxc-transform';
import type * as typescript from 'typescript';
import { isTooDeep, MAX_NESTING, nestingOf } from '../base/nesting.ts';

export interface Problem {
  message: string;
  labels: { start: number; end: number }[];
  helpMessage: string | null;
  codeframe?: string | null;
}

export interface Transpiled {
  code: string;
  /** Source maps, from the last step to the first. */
  maps: object[];
  /** The source as parsed. */
  program: Program;
  /** Where there are any, `code` is empty. */
  problems: readonly Problem[];
}

const require = createRequire(import.meta.url);
const loadTypeScript = () => require('typescript') as typeof typescript;

/** Local names of the helpers that TypeScript writes into its output. */
export const isDecoratorHelper = (name: string): boolean =>
  /^__(esDecorate|runInitializers|propKey|setFunctionName)$/.test(name);

/** @param folder where the project's tsconfig.json is looked for, from there upwards */
export function transpile(path: string, source: string, folder: string = dirname(path)): Transpiled {
  const { program, problems, jsx } = parse(path, source);
  const failed = (found: readonly Problem[]): Transpiled => ({
    code: '',
    maps: [],
    program,
    problems: found,
  });
  if (problems.length) return failed(problems);
  const { decorators, accessors, namespaces } = featuresOf(program, source);
  const plain = namespaces ? throughTypeScript(path, source, 'ESNext') : { code: source, map: undefined };
  const project = decorators || jsx ? projectOptions(folder) : {};
  if (jsx && !path.endsWith('x') && project.jsx === undefined && !/@jsx(ImportSource)?\s/.test(source))
    return failed([jsxIsOff(jsx)]);

  const legacy = decorators && project.experimentalDecorators === true;
  const stripped = transformSync(path, plain.code, {
    lang: jsx ? 'tsx' : 'ts',
    sourceType: 'module',
    sourcemap: true,
    target: 'es2023',
    helpers: { mode: 'External' as never },
    typescript: { onlyRemoveTypeImports: true },
    decorator: {
      // the step for legacy decorators is also the one that lowers `accessor`
      legacy: legacy || (accessors && !decorators),
      emitDecoratorMetadata: project.emitDecoratorMetadata === true,
    },
    ...(jsx && { jsx: jsxOptions(source, project) }),
  });
  if (stripped.errors.length) return failed(stripped.errors);
  const maps = [stripped.map, plain.map].filter(map => map !== undefined);
  if (!decorators || legacy) return { code: stripped.code, maps, program, problems };
  const lowered = throughTypeScript('cell.js', stripped.code, 'ES2022');
  return { code: lowered.code, maps: [lowered.map, ...maps], program, problems };
}

function parse(path: string, source: string): { program: Program; problems: Problem[]; jsx?: Node } {
  if (isTooDeep(source)) {
    const { program } = parseSync(path, '');
    return { program, problems: [tooDeep(source)] };
  }
  const asTsx = () => parseSync(path, source, { lang: 'tsx', sourceType: 'module' });
  if (path.endsWith('x')) {
    const { program, errors } = asTsx();
    return { program, problems: errors, jsx: program };
  }
  const { program, errors } = parseSync(path, source, { lang: 'ts', sourceType: 'module' });
  if (!errors.length || !/<[\w>]/.test(source)) return { program, problems: errors };
  const again = asTsx();
  const jsx = again.errors.length ? undefined : firstJsx(again.program);
  return jsx ? { program: again.program, problems: [], jsx } : { program, problems: errors };
}

const tooDeep = (source: string): Problem => ({
  message: `Brackets nested too deeply: ${nestingOf(source)} levels, at most ${MAX_NESTING}`,
  labels: [],
  helpMessage: 'Read large data from a file',
});

function firstJsx(program: Program): Node | undefined {
  let first: Node | undefined;
  const note = (node: Node) => {
    if (!first || node.start < first.start) first = node;
  };
  new Visitor({ JSXElement: note, JSXFragment: note }).visit(program);
  return first;
}

const jsxIsOff = ({ start, end }: Node): Problem => ({
  message: 'JSX is off in this notebook',
  labels: [{ start, end }],
  helpMessage:
    'Say what it makes: a comment `/** @jsxImportSource preact */` in the cell, or `"jsx"` in the tsconfig.json beside the notebook',
});

interface Features {
  decorators: boolean;
  accessors: boolean;
  /** Namespaces that oxc does not lower: exports that change, and one namespace in several pieces. */
  namespaces: boolean;
}

function featuresOf(program: Program, source: string): Features {
  const found = { decorators: false, accessors: false, namespaces: false };
  if (!/@|\baccessor\b|\b(?:namespace|module)\b/.test(source)) return found;
  const names = new Set<string>();
  new Visitor({
    Decorator: () => (found.decorators = true),
    AccessorProperty: () => (found.accessors = true),
    TSModuleDeclaration({ id, body, declare }) {
      if (declare || id.type !== 'Identifier') return;
      found.namespaces ||= names.has(id.name) || !!body?.body.some(exportsVariable);
      names.add(id.name);
    },
  }).visit(program);
  return found;
}

const exportsVariable = (node: Node): boolean =>
  node.type === 'ExportNamedDeclaration' &&
  node.declaration?.type === 'VariableDeclaration' &&
  node.declaration.kind !== 'const';

/** What oxc leaves alone, with a source map: namespaces at any target, standard decorators below ESNext. */
function throughTypeScript(
  fileName: string,
  source: string,
  target: 'ES2022' | 'ESNext',
): { code: string; map: SourceMap } {
  const ts = loadTypeScript();
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName,
    compilerOptions: {
      allowJs: true,
      target: ts.ScriptTarget[target],
      module: ts.ModuleKind.ESNext,
      jsx: ts.JsxEmit.Preserve,
      sourceMap: true,
      verbatimModuleSyntax: true,
    },
  });
  return {
    code: outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, ''),
    map: JSON.parse(sourceMapText ?? '{}') as SourceMap,
  };
}

/** What of a project's tsconfig.json changes how a cell runs. */
function projectOptions(folder: string): typescript.CompilerOptions {
  const ts = loadTypeScript();
  const path = ts.findConfigFile(folder, file => ts.sys.fileExists(file));
  const { config } = path ? ts.readConfigFile(path, file => ts.sys.readFile(file)) : { config: undefined };
  if (!path || !config) return {};
  return ts.parseJsonConfigFileContent(
    { ...(config as object), files: [], include: [] },
    ts.sys,
    dirname(path),
  ).options;
}

/** A comment in the source counts for more than the project. */
function jsxOptions(source: string, project: typescript.CompilerOptions): JsxOptions {
  const said = (name: string) => new RegExp(`@${name}\\s+([\\w$.@/-]+)`).exec(source)?.[1];
  const importSource = said('jsxImportSource');
  if (importSource) return { runtime: 'automatic', importSource };
  const pragma = said('jsx');
  if (pragma || project.jsx === loadTypeScript().JsxEmit.React)
    return {
      runtime: 'classic',
      pragma: pragma ?? project.jsxFactory,
      pragmaFrag: said('jsxFrag') ?? project.jsxFragmentFactory,
    };
  return { runtime: 'automatic', importSource: project.jsxImportSource };
}
