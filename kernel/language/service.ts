/** The language service of one notebook: answers by stock TypeScript about cells that do not exist on disk. */
import { join } from 'node:path';
import ts from 'typescript';
import { Cells } from './cells.ts';
import { completeAt } from './complete.ts';
import { diagnose } from './diagnose.ts';
import { createServiceHost } from './host.ts';
import { inspectAt } from './inspect.ts';
import { kernelRoot, optionsFor } from './options.ts';
import { unitsOf } from './points.ts';
import type { Questions } from './replies.ts';

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

export function createService(cwd: string): Questions & { warmUp(): void } {
  const cells = new Cells(cwd, prelude(join(kernelRoot, 'dist')));
  const { options, problems } = optionsFor(cwd);
  const host = createServiceHost(cwd, cells, options);
  const service = ts.createLanguageService(host, ts.createDocumentRegistry());

  return {
    addCell: (code, count, failed, opaque) => cells.add(code, count, failed, opaque),

    forget: () => cells.forget(),

    complete(code, cursor) {
      host.refresh();
      return completeAt(service, cells, code, cursor);
    },

    inspect(code, cursor, detail) {
      host.refresh();
      const { offset } = cells.ask(code);
      return inspectAt(service, cells, offset + unitsOf(code, cursor), detail);
    },

    diagnose(code) {
      host.refresh();
      return [...problems.splice(0), ...diagnose(service, cells, code)];
    },

    /** Takes in what changed, before somebody asks. */
    warmUp() {
      cells.ask('');
      service.getSemanticDiagnostics(cells.current);
    },
  };
}
