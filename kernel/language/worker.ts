/** The language worker's thread: loads TypeScript, then answers one question after another. */
import { Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';
import type { Questions } from './replies.ts';
import { createService } from './service.ts';

export interface Question {
  id: number;
  method: keyof Questions;
  given: unknown[];
}

export interface Answer {
  id: number;
  value?: unknown;
  problem?: string;
}

/** After a cell has run there is time to take it in, unless somebody asks at once, in ms. */
const REST = 50;
/** When nobody has asked for so long, the memory of past questions is given back, in ms. */
const SLEEP = 10_000;

const { cwd } = workerData as { cwd: string };
const service = createService(cwd);
let rest: NodeJS.Timeout | undefined;
let sleep: NodeJS.Timeout | undefined;

parentPort?.on('message', ({ id, method, given }: Question) => {
  clearTimeout(rest);
  clearTimeout(sleep);
  const answer = (rest: Omit<Answer, 'id'>) => parentPort?.postMessage({ id, ...rest } satisfies Answer);
  try {
    answer({ value: (service[method] as (...given: unknown[]) => unknown)(...given) });
  } catch (error) {
    answer({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  if (method === 'addCell') rest = setTimeout(() => service.warmUp(), REST);
  sleep = setTimeout(collect, SLEEP);
});

/** Each question leaves a program behind. V8 keeps such garbage, several times what lives, until it needs the room. */
function collect(): void {
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.collectGarbage', () => session.disconnect());
}
