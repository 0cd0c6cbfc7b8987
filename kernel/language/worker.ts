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

const { cwd } = workerData as { cwd: string };
const service = createService(cwd);

parentPort?.on('message', ({ id, method, given }: Question) => {
  const answer = (rest: Omit<Answer, 'id'>) => parentPort?.postMessage({ id, ...rest } satisfies Answer);
  try {
    answer({ value: (service[method] as (...given: unknown[]) => unknown)(...given) });
  } catch (error) {
    answer({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
