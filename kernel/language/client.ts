/**
 * The supervisor's side of the language worker. The worker starts with the first question that needs TypeScript;
 * one that dies, or that a type sends round in circles, is started again with all cells, and what was asked of it
 * is answered with nothing found.
 */
import { Worker } from 'node:worker_threads';
import { isComplete } from './is-complete.ts';
import type { CompleteReply, Diagnostic, InspectReply, IsCompleteReply, Questions } from './replies.ts';
import type { Answer, Question } from './worker.ts';

export interface LanguageClient {
  /** `cursor` counts code points, here and in replies. */
  complete(code: string, cursor: number): Promise<CompleteReply>;
  inspect(code: string, cursor: number, detail: number): Promise<InspectReply>;
  isComplete(code: string): Promise<IsCompleteReply>;
  /** Type errors of a cell behind those that are known now. Other questions come first, however long cells wait. */
  diagnose(code: string): Promise<Diagnostic[]>;
  /** Makes known what a cell that ran declares; one that failed has declared what it came to. */
  addCell(code: string, count: number, failed?: boolean): void;
  /** Forgets all cells: the process that held their values is gone. */
  forget(): void;
  /** Whether the worker has answered before, so that the next answer comes soon. */
  isWarm(): boolean;
  /** Resolves when no thread is left; one that hangs in the system never ends. */
  dispose(): Promise<void>;
}

export interface ClientOptions {
  /** A worker that is silent for so long is started again, in ms; six times as long while it starts. */
  limit?: number;
}

interface Waiting {
  question: Question;
  resolve(value: unknown): void;
  nothing: unknown;
}

// from the sources, under a test runner, the built worker serves
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/language/worker.js' : './worker.js',
  import.meta.url,
);

/** After an answer to somebody who types the next key may follow; a row of cells is checked when it does not, in ms. */
const PAUSE = 300;
/** Cells that wait to be checked, as after Run All; beyond, the oldest are not. */
const MOST_CHECKS = 200;

/**
 * A type can ask for more memory than there is; then the worker dies, and only the worker. By this limit V8 also measures
 * how far garbage may pile up: 80 MB that live grow to 130 at half of 2 GB, and to 400 at twice as much.
 */
const resourceLimits = { maxOldGenerationSizeMb: 1024 };

export function createLanguageClient(cwd: string, { limit = 10_000 }: ClientOptions = {}): LanguageClient {
  const cells: [code: string, count: number, failed: boolean][] = [];
  /** Cells whose types cannot be worked out. */
  const opaque = new Set<string>();
  const waiting = new Map<number, Waiting>();
  /** Cells to be checked, each when nobody waits for anything else. */
  const checks: { code: string; asOf: number; resolve(found: Diagnostic[]): void }[] = [];
  /** The worker, and those that were given up and have not ended yet. */
  const threads = new Set<Worker>();
  let worker: Worker | undefined;
  let watch: NodeJS.Timeout | undefined;
  let pause: NodeJS.Timeout | undefined;
  let warm = false;
  let asked = 0;

  function start(): Worker {
    const started = new Worker(workerUrl, { workerData: { cwd }, resourceLimits });
    worker = started;
    threads.add(started);
    // the sockets keep the kernel alive, not this thread
    started.unref();
    started.on('message', ({ id, value, problem }: Answer) => {
      const { resolve, nothing } = waiting.get(id) ?? {};
      warm ||= resolve !== undefined;
      waiting.delete(id);
      guard();
      resolve?.(problem === undefined ? value : nothing);
    });
    const lost = () => {
      if (worker === started) drop();
    };
    started.on('error', lost);
    started.on('exit', () => {
      threads.delete(started);
      lost();
    });
    for (const cell of cells) teach(started, cell);
    return started;
  }

  /** The worker is gone: whoever waits for it is told that nothing was found. */
  function drop(): void {
    worker = undefined;
    warm = false;
    clearTimeout(watch);
    for (const { resolve, nothing } of waiting.values()) resolve(nothing);
    waiting.clear();
  }

  /** Gives the worker time for the oldest question, anew with each answer. */
  function guard(): void {
    clearTimeout(watch);
    const [oldest] = waiting.values();
    if (!oldest) return;
    watch = setTimeout(
      () => {
        const { method, given } = oldest.question;
        if (method === 'diagnose') opaque.add(String(given[0]));
        void worker?.terminate();
        drop();
      },
      warm ? limit : 6 * limit,
    );
    watch.unref();
  }

  const post = (to: Worker, question: Question): void => to.postMessage(question);

  const teach = (to: Worker, [code, count, failed]: (typeof cells)[number]): void =>
    post(to, { id: ++asked, method: 'addCell', given: [code, count, failed, opaque.has(code)] });

  function ask<Method extends keyof Questions>(
    method: Method,
    given: Parameters<Questions[Method]>,
    nothing: ReturnType<Questions[Method]>,
  ): Promise<ReturnType<Questions[Method]>> {
    const to = worker ?? start();
    const question = { id: ++asked, method, given };
    return new Promise(resolve => {
      waiting.set(question.id, { question, resolve: resolve as (value: unknown) => void, nothing });
      if (waiting.size === 1) guard();
      post(to, question);
    });
  }

  function check(): void {
    if (waiting.size || (pause && checks.length > 1)) return;
    const next = checks.shift();
    if (next) void ask('diagnose', [next.code, next.asOf], []).then(next.resolve).finally(check);
  }

  /** For somebody who types. */
  const serve: typeof ask = (...question) =>
    ask(...question).finally(() => {
      clearTimeout(pause);
      pause = setTimeout(() => {
        pause = undefined;
        check();
      }, PAUSE);
      pause.unref();
    });

  function leave(many: number): void {
    for (const { resolve } of checks.splice(0, many)) resolve([]);
  }

  return {
    complete: (code, cursor) =>
      serve('complete', [code, cursor], {
        status: 'ok',
        matches: [],
        cursor_start: cursor,
        cursor_end: cursor,
        metadata: { _jupyter_types_experimental: [] },
      }),
    inspect: (code, cursor, detail) =>
      serve('inspect', [code, cursor, detail], { status: 'ok', found: false, data: {}, metadata: {} }),
    isComplete: code => Promise.resolve(isComplete(code)),
    diagnose: code =>
      new Promise(resolve => {
        if (opaque.has(code)) return resolve([]);
        checks.push({ code, asOf: cells.length, resolve });
        if (checks.length > MOST_CHECKS) leave(1);
        check();
      }),
    addCell(code, count, failed = false) {
      const cell: (typeof cells)[number] = [code, count, failed];
      cells.push(cell);
      if (worker) teach(worker, cell);
    },
    forget() {
      leave(checks.length);
      cells.length = 0;
      if (worker) post(worker, { id: ++asked, method: 'forget', given: [] });
    },
    isWarm: () => warm,
    async dispose() {
      leave(checks.length);
      clearTimeout(pause);
      await Promise.all([...threads].map(thread => thread.terminate()));
    },
  };
}
