/**
 * Starts the process of a runner. The kernel's entry does so before it loads anything else: the runner then gets
 * ready on one core while the supervisor loads its sockets on another.
 */
import { fork, type ChildProcess } from 'node:child_process';

const entry = new URL('./runner.js', import.meta.url);
let early: ChildProcess | undefined;

/** Starts the first runner ahead of its supervisor, whose pipes hold what it says till then. */
export const forkEarly = (cwd: string): void => void (early = start(cwd));

/** A runner's process: the one that was started ahead, or a new one. */
export function forkRunner(cwd: string): ChildProcess {
  const child = early ?? start(cwd);
  early = undefined;
  return child;
}

const start = (cwd: string): ChildProcess =>
  fork(entry, [], {
    cwd,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', 'pipe', 'pipe'],
    execArgv: process.execArgv,
  });
