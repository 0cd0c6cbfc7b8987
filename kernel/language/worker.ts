/** The language worker's thread: loads TypeScript, then answers one question after another. */
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

const { cwd } = workerData as { cwd: string };
const service = createService(cwd);
let rest: NodeJS.Timeout | undefined;

parentPort?.on('message', ({ id, method, given }: Question) => {
  clearTimeout(rest);
  const answer = (rest: Omit<Answer, 'id'>) => parentPort?.postMessage({ id, ...rest } satisfies Answer);
  try {
    answer({ value: (service[method] as (...given: unknown[]) => unknown)(...given) });
  } catch (error) {
    answer({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  if (method === 'addCell') rest = setTimeout(() => service.warmUp(), REST);
});
