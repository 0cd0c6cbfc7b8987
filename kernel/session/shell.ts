/** Commands for the system's shell: `!ls`, `%%sh`. They print into the notebook as they go, and end on Interrupt. */
import { spawn, type SpawnOptions } from 'node:child_process';
import { InterruptError } from '../base/errors.ts';
import { host } from '../base/host.ts';

/** Resolves with the exit code. @throws Error where the program is not there, InterruptError */
export function runProgram(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.once('error', reject);
    child.once('close', code => {
      if (host().interrupted) reject(new InterruptError('interrupted'));
      else resolve(code ?? 1);
    });
  });
}

/** A line or script for the shell of the system. */
export const runShell = (script: string): Promise<number> => runProgram(script, [], { shell: true });
