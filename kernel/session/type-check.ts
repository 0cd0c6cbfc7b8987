/**
 * Types of cells: the language service is asked about a cell once the cell is on its way to the runner, and what it
 * finds is shown under that cell: `session/execute → session/type-check → session/type-warning → session/publish`.
 * A cell never waits for the answer, except where type errors are to keep it from running.
 */
import type { MimeBundle } from '../base/host.ts';
import type { CellError } from './runner-protocol.ts';
import type { Language, Request, TypeProblem } from './protocol.ts';
import { hintsOf, refusalOf, warningOf } from './type-warning.ts';

/** What becomes of a cell with type errors: nothing, a warning under it, or an error in its place. */
export type TypesMode = 'off' | 'warn' | 'block';

const modes: readonly TypesMode[] = ['off', 'warn', 'block'];

/** The mode that `text` names; `warn` where it names none. */
export const typesModeOf = (text: string | undefined): TypesMode =>
  modes.find(mode => mode === text?.trim().toLowerCase()) ?? 'warn';

/** Words without which a cell leaves all types as they were; a file that is imported may change by itself. */
const declares =
  /\b(?:const|let|var|using|function|class|interface|type|enum|namespace|module|import|require|declare|globalThis)\b|^[ \t]*[%!]/m;
const MOST_KNOWN = 1000;

/** Changes the mode from its cell on; the runner only says so. */
const magic = /^[ \t]*%types[ \t]+(off|warn|block)[ \t]*$/m;

/** How long the end of a cell waits for a service that is warm, in ms. What is found later is shown late. */
const PATIENCE = 40;
/** The same where nobody sits there: such clients save the notebook without what comes late. */
const PATIENCE_UNATTENDED = 400;
/**
 * How long after a cell the service starts to load, in ms: quick cells that follow have the processor to themselves. They
 * put it off, but not for longer than the second time.
 */
const REST = 250;
const PUT_OFF = 3000;
/** A cell that still runs after this time shows its warning meanwhile, in ms. */
const LONG = 1000;

export interface TypeCheckParts {
  /** The language service; started by the first call. */
  language(): Promise<Language>;
  /** Whether the service has started and answered before. */
  isWarm(): boolean;
  show(bundle: MimeBundle, request: Request): void;
  mode?: TypesMode;
}

interface Subject {
  code: string;
  request: Request;
  silent: boolean;
  /** Whether somebody could be asked. */
  allowStdin: boolean;
}

/** One cell that is being checked while it runs. */
export interface Checking {
  /** The cell has ended well. Resolves when its warning is out, when patience ends or when `hurry` resolves. */
  passed(hurry: Promise<unknown>): Promise<void>;
  /** The cell has failed: lines for the end of its traceback, in place of a warning. */
  failed(error: CellError): Promise<string[]>;
}

const unchecked: Checking = { passed: () => Promise.resolve(), failed: () => Promise.resolve([]) };

export type TypeCheck = ReturnType<typeof createTypeCheck>;

export function createTypeCheck({ language, isWarm, show, mode = 'warn' }: TypeCheckParts) {
  /** Cells that run again as they were, while nothing else was declared, are not checked again. */
  const known = new Map<string, Promise<TypeProblem[]>>();
  /** How many processes of cells there have been: names of one say nothing to the next. */
  let process = 0;

  function diagnose(code: string): Promise<TypeProblem[]> {
    const found =
      known.get(code) ??
      language()
        .then(service => service.diagnose(code))
        .catch(() => []);
    if (!declares.test(code) && known.size < MOST_KNOWN) known.set(code, found);
    return found;
  }

  /** Questions to a service that is still to load. */
  const later: (() => void)[] = [];
  let loading: NodeJS.Timeout | undefined;
  let since = 0;
  function ponder(question: () => void): void {
    if (later.push(question) === 1) since = performance.now();
    clearTimeout(loading);
    const delay = Math.min(REST, since + PUT_OFF - performance.now());
    loading = setTimeout(() => {
      for (const ask of later.splice(0)) ask();
    }, delay);
    loading.unref();
  }

  function begin({ code, request, silent, allowStdin }: Subject): Checking {
    if (declares.test(code)) known.clear();
    if (mode !== 'warn' || silent || !code.trim()) return unchecked;
    const warm = isWarm();
    let state: 'running' | 'shown' | 'failed' = 'running';
    let asked: Promise<TypeProblem[]> | undefined;
    const born = process;
    const ask = () => (asked ??= born === process ? diagnose(code) : Promise.resolve([]));
    const reveal = (problems: TypeProblem[]): void => {
      if (state !== 'running' || !problems.length) return;
      state = 'shown';
      show(warningOf(problems, code), request);
    };
    // a service that is still to load would take the processor from the first cell
    if (warm) void ask();
    const early = setTimeout(() => void ask().then(reveal), LONG);
    early.unref();

    return {
      async passed(hurry) {
        clearTimeout(early);
        if (!warm) return ponder(() => void ask().then(reveal));
        const out = ask().then(reveal);
        await within(allowStdin ? PATIENCE : PATIENCE_UNATTENDED, out, hurry);
      },
      async failed({ ename, evalue }) {
        clearTimeout(early);
        const before = state;
        state = 'failed';
        if (!warm || before === 'shown' || tellsEnough.has(ename)) return [];
        return hintsOf((await within(PATIENCE, ask())) ?? [], code, evalue);
      },
    };
  }

  return {
    begin,
    /** The names of all cells are gone: those that have not been checked never will be. */
    forget(): void {
      process++;
      known.clear();
    },
    /** Before a cell runs. Where type errors are to block: the error that it gets in place of a run, if it gets one. */
    refuse({ code, silent }: Pick<Subject, 'code' | 'silent'>): Promise<CellError | undefined> | undefined {
      mode = (magic.exec(code)?.[1] as TypesMode | undefined) ?? mode;
      if (mode !== 'block' || silent) return undefined;
      return diagnose(code).then(problems => {
        const errors = problems.filter(({ severity }) => severity === 'error');
        return errors.length ? refusalOf(errors, code) : undefined;
      });
    },
  };
}

/** Errors that have nothing to do with types, or name the place already. */
const tellsEnough = new Set(['SyntaxError', 'Interrupted', 'RunnerDied']);

/** The first of the promises, or undefined after `ms`. */
async function within<T>(ms: number, ...promises: Promise<T>[]): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>(resolve => (timer = setTimeout(() => resolve(undefined), ms)));
  return Promise.race([...promises, late]).finally(() => clearTimeout(timer));
}
