/** The language service of one notebook: answers by stock TypeScript about cells that do not exist on disk. */
import { join } from 'node:path';
import ts from 'typescript';
import { blankMagics } from '../base/magics.ts';
import { isObjectLiteral } from '../base/object-literal.ts';
import { Cells } from './cells.ts';
import { completeAt, nothingAt } from './complete.ts';
import { diagnose } from './diagnose.ts';
import { createServiceHost } from './host.ts';
import { inspectAt } from './inspect.ts';
import { kernelRoot, optionsFor } from './options.ts';
import { unitsOf } from './points.ts';
import type { Questions } from './replies.ts';
import { createTypedWord } from './typed-word.ts';

/** What a session gives without an import. Not by the front door: its types take a second to read. */
const prelude = (root: string): string => `
import type * as shown from ${JSON.stringify(join(root, 'display/display'))};
import type * as counted from ${JSON.stringify(join(root, 'display/progress'))};
declare global {
  const display: typeof shown.display;
  const update: typeof shown.update;
  const clear: typeof shown.clear;
  const input: typeof shown.input;
  const progress: typeof counted.progress;
}
`;

/** Parsed files, shared by all services of a process. */
const registry = ts.createDocumentRegistry();

export function createService(cwd: string): Questions & { warmUp(): void } {
  const cells = new Cells(cwd, prelude(join(kernelRoot, 'dist')));
  const { options, hasProject, problems } = optionsFor(cwd);
  const host = createServiceHost(cwd, cells, options);
  const service = ts.createLanguageService(host, registry);
  const typedWord = createTypedWord();

  /** What of a cell is TypeScript: magics are blank, all positions stay. An object alone is no statement. */
  const typed = (code: string) =>
    isObjectLiteral(code) ? '' : blankMagics(code, name => cells.declarationOf(name) !== undefined);

  return {
    addCell: (code, count, failed, opaque) => cells.add(typed(code), count, failed, opaque),

    forget: () => cells.forget(),

    complete(code, cursor) {
      host.refresh();
      const text = typed(code) || code;
      const at = unitsOf(code, cursor) - 1;
      // behind the name of a magic, TypeScript has nothing to say
      if (text[at] !== code[at]) return nothingAt(cursor);
      return completeAt(service, cells, typedWord, text, cursor);
    },

    inspect(code, cursor, detail) {
      host.refresh();
      return inspectAt(service, cells, typed(code) || code, unitsOf(code, cursor), detail);
    },

    diagnose(code, asOf = Infinity) {
      host.refresh();
      return [...problems.splice(0), ...diagnose(service, cells, typed(code), asOf, hasProject)];
    },

    /** Takes in what changed, before somebody asks. */
    warmUp() {
      cells.ask('');
      service.getSemanticDiagnostics(cells.current);
    },
  };
}
