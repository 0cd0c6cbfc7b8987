/**
 * The examples in the doc comments of what the front door exports: collected and type-checked by the compiler, so
 * that the reference, the editor's tooltips and the tests speak of the same lines.
 */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface Public {
  /** As a reader writes it: `plot.line`, `Model#run`. */
  name: string;
  kind: 'function' | 'method' | 'class' | 'value';
  /** Where it is declared, from this folder: `display/plot/charts.ts`. */
  file: string;
  examples: readonly string[];
}

const here = fileURLToPath(new URL('./', import.meta.url)).replaceAll('\\', '/');
const config = ts.getParsedCommandLineOfConfigFile(
  `${here}tsconfig.json`,
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(problem) {
      throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
    },
  },
)!;
// the file that the check writes imports types and values alike
const options: ts.CompilerOptions = {
  ...config.options,
  noEmit: true,
  verbatimModuleSyntax: false,
  isolatedModules: false,
};

/** Everything that `program`'s module `entry` exports, namespaces and classes opened. */
export function publicOf(program: ts.Program, entry: string): Public[] {
  const checker = program.getTypeChecker();
  const found = new Map<ts.Symbol, Public>();
  const add = (name: string, symbol: ts.Symbol, kind: Public['kind']) => {
    const declared = symbol.declarations?.[0]?.getSourceFile().fileName ?? '';
    // what a class inherits is declared elsewhere, what a file exports twice is there once
    if (!declared.startsWith(here) || declared.includes('/node_modules/') || found.has(symbol)) return;
    const examples = symbol
      .getJsDocTags(checker)
      .filter(tag => tag.name === 'example')
      .map(tag => ts.displayPartsToString(tag.text).trim());
    found.set(symbol, { name, kind, file: declared.slice(here.length), examples });
  };
  const open = (module: ts.Symbol, prefix: string) => {
    for (const exported of checker.getExportsOfModule(module)) {
      const aliased = exported.flags & ts.SymbolFlags.Alias;
      const symbol = aliased ? checker.getAliasedSymbol(exported) : exported;
      const name = prefix + exported.name;
      if (symbol.flags & ts.SymbolFlags.ValueModule) open(symbol, `${name}.`);
      else if (symbol.flags & ts.SymbolFlags.Class) {
        add(name, symbol, 'class');
        for (const member of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))) {
          const declared = member.valueDeclaration;
          const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
          if (
            declared &&
            ts.isMethodDeclaration(declared) &&
            !(ts.getCombinedModifierFlags(declared) & hidden)
          )
            if (ts.isIdentifier(declared.name)) add(`${name}#${member.name}`, member, 'method');
        }
      } else if (symbol.flags & ts.SymbolFlags.Value) {
        const called = checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0;
        add(name, symbol, called ? 'function' : 'value');
      }
    }
  };
  open(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!, '');
  return [...found.values()];
}

/** The compiler on the front door; `more` are files that exist here alone. */
export function programOf(more: Readonly<Record<string, string>> = {}, old?: ts.Program): ts.Program {
  const host = ts.createCompilerHost(options, true);
  const sourceOf = (path: string) => more[path.slice(here.length)];
  const { getSourceFile, fileExists } = host;
  host.fileExists = path => sourceOf(path) !== undefined || fileExists(path);
  host.getSourceFile = (path, version, ...rest) => {
    const made = sourceOf(path);
    if (made !== undefined) return ts.createSourceFile(path, made, version, true);
    return old?.getSourceFile(path) ?? getSourceFile(path, version, ...rest);
  };
  return ts.createProgram(
    [`${here}index.ts`, ...Object.keys(more).map(path => here + path)],
    options,
    host,
    old,
  );
}

export const entry = `${here}index.ts`;

/** A name for each scene of `test-examples-scenes.ts`, by where an example stands. */
export const sceneOf = (file: string): 'engine' | 'layers' | undefined =>
  file === 'engine/functions.ts' ? 'engine' : file.startsWith('nn/') ? 'layers' : undefined;

/**
 * What the compiler says of examples.
 * @param names the names that each scene gives
 * @returns a line for each mistake: `Model#run: Cannot find name 'imagee'.`
 */
export function typeErrors(
  examples: readonly { name: string; file: string; code: string }[],
  names: { everywhere: readonly string[]; engine: readonly string[]; layers: readonly string[] },
  program: ts.Program,
): string[] {
  const checker = program.getTypeChecker();
  const all = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!);
  const head = [
    `import { ${all.map(({ name }) => name).join(', ')} } from './index.ts';`,
    `import * as scenes from './test-examples-scenes.ts';`,
    `declare const everywhere: Awaited<ReturnType<typeof scenes.everywhere>>;`,
    `declare const engine: ReturnType<typeof scenes.engine>;`,
    `declare const layers: ReturnType<typeof scenes.layers>;`,
  ].join('\n');
  const text = [head, ''];
  const lines: string[] = head.split('\n').map(() => 'the names that examples are given');
  for (const { name, file, code } of examples) {
    const scene = sceneOf(file);
    const given = scene ? `{ ...everywhere, ...${scene} }` : 'everywhere';
    const keys = [...new Set([...names.everywhere, ...(scene ? names[scene] : [])])];
    const block = `async () => { const { ${keys.join(', ')} } = ${given}; {\n${code}\n} };`;
    text.push(block);
    lines.push(...block.split('\n').map(() => name));
  }
  text.splice(1, 1);
  const path = 'examples-check.ts';
  const checked = programOf({ [path]: text.join('\n') }, program);
  const source = checked.getSourceFile(here + path)!;
  return [...checked.getSyntacticDiagnostics(source), ...checked.getSemanticDiagnostics(source)].map(
    problem => {
      const line = source.getLineAndCharacterOfPosition(problem.start ?? 0).line;
      return `${lines[line]}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`;
    },
  );
}
