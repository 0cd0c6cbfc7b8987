/**
 * Child processes that remember the run that started them. An interrupt of that run reaches them as Ctrl-C in a
 * terminal would, so that `await exec('…')` ends with its cell; one that an earlier cell left running stays.
 */
import { ChildProcess } from 'node:child_process';
import { descendants, signalAll } from './process-tree.ts';

export interface Children {
  /** Sends SIGINT to what `run` has started, and to what that has started. */
  interrupt(run: number): void;
}

/** What the interrupt worker is told: children that do not block the main thread. */
export type ChildNews = { started: number } | { ended: number };

type Spawn = { spawn(this: ChildProcess, options: unknown): number };

/** @param tell passes the news on; the worker takes any other child for one that the main thread waits for */
export function watchChildren(currentRun: () => number, tell: (news: ChildNews) => void): Children {
  const runs = new Map<number, number>();
  // every asynchronous way to start a process ends here
  const prototype = ChildProcess.prototype as unknown as Spawn;
  const { spawn } = prototype;
  prototype.spawn = function (options) {
    const code = spawn.call(this, options);
    const { pid } = this;
    if (pid === undefined) return code;
    runs.set(pid, currentRun());
    tell({ started: pid });
    this.once('exit', () => {
      runs.delete(pid);
      tell({ ended: pid });
    });
    return code;
  };

  return {
    interrupt(run) {
      for (const [pid, of] of runs) if (of === run) signalAll([pid, ...descendants(pid)], 'SIGINT');
    },
  };
}
