/**
 * The supervisor's side of the language worker. The worker starts with the first question that needs TypeScript;
 * one that dies is started again with all cells, and what was asked of it is answered with nothing found.
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
  /** Type errors of a cell that has not run. */
  diagnose(code: string): Promise<Diagnostic[]>;
  /** Makes known what a cell that ran declares; one that failed has declared what it came to. */
  addCell(code: string, count: number, failed?: boolean): void;
  /** Whether the worker has answered before, so that the next answer comes soon. */
  isWarm(): boolean;
  dispose(): Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  nothing: unknown;
}

// from the sources, under a test runner, the built worker serves
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/language/worker.js' : './worker.js',
  import.meta.url,
);

export function createLanguageClient(cwd: string): LanguageClient {
  const cells: [code: string, count: number, failed: boolean][] = [];
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let warm = false;
  let asked = 0;

  function start(): Worker {
    const started = new Worker(workerUrl, { workerData: { cwd } });
    worker = started;
    // the sockets keep the kernel alive, not this thread
    started.unref();
    started.on('message', ({ id, value, problem }: Answer) => {
      const { resolve, nothing } = waiting.get(id) ?? {};
      warm ||= resolve !== undefined;
      waiting.delete(id);
      resolve?.(problem === undefined ? value : nothing);
    });
    const lost = () => {
      if (worker === started) {
        worker = undefined;
        warm = false;
      }
      for (const { resolve, nothing } of waiting.values()) resolve(nothing);
      waiting.clear();
    };
    started.on('error', lost);
    started.on('exit', lost);
    for (const given of cells) post(started, { id: ++asked, method: 'addCell', given });
    return started;
  }

  const post = (to: Worker, question: Question): void => to.postMessage(question);

  function ask<Method extends keyof Questions>(
    method: Method,
    given: Parameters<Questions[Method]>,
    nothing: ReturnType<Questions[Method]>,
  ): Promise<ReturnType<Questions[Method]>> {
    const to = worker ?? start();
    const id = ++asked;
    return new Promise(resolve => {
      waiting.set(id, { resolve: resolve as (value: unknown) => void, nothing });
      post(to, { id, method, given });
    });
  }

  return {
    complete: (code, cursor) =>
      ask('complete', [code, cursor], {
        status: 'ok',
        matches: [],
        cursor_start: cursor,
        cursor_end: cursor,
        metadata: { _jupyter_types_experimental: [] },
      }),
    inspect: (code, cursor, detail) =>
      ask('inspect', [code, cursor, detail], { status: 'ok', found: false, data: {}, metadata: {} }),
    isComplete: code => Promise.resolve(isComplete(code)),
    diagnose: code => ask('diagnose', [code], []),
    addCell(code, count, failed = false) {
      cells.push([code, count, failed]);
      if (worker) post(worker, { id: ++asked, method: 'addCell', given: [code, count, failed] });
    },
    isWarm: () => warm,
    async dispose() {
      await worker?.terminate();
    },
  };
}
