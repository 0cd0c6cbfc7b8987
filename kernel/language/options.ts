/** Compiler options of a notebook: those of the project that it lies in, where that has a tsconfig, made fit for cells. */
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import type { Diagnostic } from './replies.ts';

const require = createRequire(import.meta.url);

/** Where the kernel's own packages lie; a notebook anywhere may use their types. */
export const kernelRoot: string = dirname(require.resolve('neuronbook/package.json'));
const nodeTypes = dirname(require.resolve('@types/node/package.json'));

export interface Options {
  options: ts.CompilerOptions;
  /** Whether a tsconfig says what is right; without one, a parameter may go without a type. */
  hasProject: boolean;
  /** What is wrong with the project's tsconfig; the rest of it counts all the same. */
  problems: Diagnostic[];
}

const defaults: ts.CompilerOptions = { strict: true, lib: ['lib.esnext.d.ts'] };
/** Without a project, plain JavaScript is right too. */
const lenient: ts.CompilerOptions = { noImplicitThis: false, useUnknownInCatchVariables: false };

/** Said of every tsconfig that is read without its files. */
const noFiles = new Set([18002, 18003]);

export function optionsFor(cwd: string): Options {
  const { found, path, problems } = projectOf(cwd);
  const options: ts.CompilerOptions = {
    ...defaults,
    ...(path ? found : lenient),
    // what cells are, whatever the project is
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    jsx: found.jsx ?? ts.JsxEmit.Preserve,
    allowImportingTsExtensions: true,
    allowJs: true,
    checkJs: false,
    resolveJsonModule: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    isolatedModules: false,
    verbatimModuleSyntax: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowUnreachableCode: true,
    allowUnusedLabels: true,
    noPropertyAccessFromIndexSignature: false,
    erasableSyntaxOnly: false,
    isolatedDeclarations: false,
    declaration: false,
    customConditions: undefined,
    composite: false,
    incremental: false,
    tsBuildInfoFile: undefined,
    rootDir: undefined,
    outDir: undefined,
    out: undefined,
    outFile: undefined,
    types: [...new Set([...(found.types ?? []), 'node'])],
    // the project's own @types come first, the kernel's @types/node is always there
    typeRoots: [...(found.typeRoots ?? []), join(cwd, 'node_modules/@types'), dirname(nodeTypes)],
  };
  return { options, hasProject: path !== undefined, problems };
}

/** The options of the nearest tsconfig above, as far as they can be read. */
function projectOf(cwd: string): { found: ts.CompilerOptions; path?: string; problems: Diagnostic[] } {
  const path = ts.findConfigFile(cwd, file => ts.sys.fileExists(file));
  if (!path) return { found: {}, problems: [] };
  const { config, error } = ts.readConfigFile(path, file => ts.sys.readFile(file));
  const read = ts.parseJsonConfigFileContent(
    { ...(config as object | undefined), files: [], include: [] },
    ts.sys,
    dirname(path),
    undefined,
    path,
  );
  const errors = [...(error ? [error] : []), ...read.errors].filter(({ code }) => !noFiles.has(code));
  return { found: read.options, path, problems: errors.map(problem => problemOf(problem, path)) };
}

const problemOf = ({ code, messageText }: ts.Diagnostic, path: string): Diagnostic => ({
  message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  code,
  severity: 'warning',
  line: 1,
  column: 1,
  start: 0,
  end: 0,
  file: basename(path),
});
