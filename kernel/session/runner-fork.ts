/**
 * Starts the process of a runner. The kernel's entry does so before it loads anything else: the runner then gets
 * ready on one core while the supervisor loads its sockets on another.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('./runner.js', import.meta.url));
let early: ChildProcess | undefined;

/** Starts the first runner ahead of its supervisor, whose pipes hold what it says till then. */
export const forkEarly = (cwd: string): void => void (early = start(cwd));

/** A runner's process: the one that was started ahead, or a new one. */
export function forkRunner(cwd: string): ChildProcess {
  const child = early ?? start(cwd);
  early = undefined;
  return child;
}

/** Pipes all the way, and no channel of Node's: cells have no `process.send` to garble it with. */
const start = (cwd: string): ChildProcess =>
  spawn(process.execPath, [...process.execArgv, entry], {
    cwd: standing(cwd),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });

/** A notebook's folder may be moved while it runs; the nearest folder above it still takes a process. */
const standing = (folder: string): string =>
  existsSync(folder) || dirname(folder) === folder ? folder : standing(dirname(folder));
