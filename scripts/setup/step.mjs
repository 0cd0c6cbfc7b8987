/** Runs child processes and shows them as steps: one line each, with its seconds; the output only where one fails. */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { root } from './place.mjs';

/** A failure that the reader can act on: its one sentence is all that is printed. */
export class Missing extends Error {}

/** A child process that failed: its own output says why, our stack says nothing more. */
export class Failed extends Error {}

export const seconds = ms => `${(ms / 1000).toFixed(1)} s`;

/** Prints the label at once and the seconds when the action ends. */
export async function step(label, action) {
  const start = performance.now();
  process.stdout.write(`  ${`${label} …`.padEnd(44)}`);
  try {
    const result = await action();
    process.stdout.write(`${seconds(performance.now() - start).padStart(9)}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`   failed\n`);
    throw error;
  }
}

/**
 * Resolves to { code, output }. With `show`, the child writes to this terminal and output is empty.
 * A command that cannot start counts as code 127.
 */
export function attempt(command, args, { show = false, timeout, ...options } = {}) {
  return new Promise(resolve => {
    const stdio = show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd: root, stdio, timeout, ...options });
    const parts = [];
    child.stdout?.on('data', part => parts.push(part));
    child.stderr?.on('data', part => parts.push(part));
    const end = (code, extra = '') => resolve({ code, output: Buffer.concat(parts).toString() + extra });
    child.on('error', error => end(127, String(error.message)));
    child.on('close', (code, signal) => end(code ?? 1, signal ? `\nended by ${signal}` : ''));
  });
}

/** As `attempt`, but a non-zero exit throws with the end of the output. */
export async function run(command, args, options = {}) {
  const { code, output } = await attempt(command, args, options);
  if (code === 0) return output;
  const tail = output
    .trimEnd()
    .split('\n')
    .slice(-(options.lines ?? 60))
    .join('\n');
  throw new Failed(`${[command, ...args].join(' ')} ended with code ${code}\n${tail}`);
}

/** One sentence for what the reader can mend, a child's output where one failed, the whole error otherwise. */
export const wordsOf = error =>
  error instanceof Missing || error instanceof Failed ? error.message : (error.stack ?? String(error));

/** The outermost function of a command: its result is the exit code. */
export async function main(action) {
  try {
    process.exitCode = (await action()) ?? 0;
  } catch (error) {
    console.error(`\n${wordsOf(error)}`);
    process.exitCode = 1;
  }
}
