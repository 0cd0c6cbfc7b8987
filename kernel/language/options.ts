/** Compiler options of a notebook: those of the project that it lies in, where that has a tsconfig, made fit for cells. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const require = createRequire(import.meta.url);

/** Where the kernel's own packages lie; a notebook anywhere may use their types. */
export const kernelRoot: string = dirname(require.resolve('neuronbook/package.json'));
const nodeTypes = dirname(require.resolve('@types/node/package.json'));

export function optionsFor(cwd: string): ts.CompilerOptions {
  const path = ts.findConfigFile(cwd, file => ts.sys.fileExists(file));
  const { config } = path ? ts.readConfigFile(path, file => ts.sys.readFile(file)) : { config: undefined };
  const project: ts.CompilerOptions =
    path && config
      ? ts.parseJsonConfigFileContent(
          { ...(config as object), files: [], include: [] },
          ts.sys,
          dirname(path),
        ).options
      : {};
  return {
    strict: true,
    lib: ['lib.esnext.d.ts'],
    ...project,
    // what cells are, whatever the project is
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    allowImportingTsExtensions: true,
    allowJs: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    isolatedModules: false,
    verbatimModuleSyntax: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    noPropertyAccessFromIndexSignature: false,
    composite: false,
    incremental: false,
    rootDir: undefined,
    outDir: undefined,
    types: [...new Set([...(project.types ?? []), 'node'])],
    // the project's own @types come first, the kernel's @types/node is always there
    typeRoots: [...(project.typeRoots ?? []), join(cwd, 'node_modules/@types'), dirname(nodeTypes)],
  };
}
