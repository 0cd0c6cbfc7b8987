/** `%%bash`: a script for bash, where the system's shell is another one. */
import type { Magic } from '../magic.ts';
import { runProgram } from '../shell.ts';

export default {
  usage: '%%bash above a script',
  about: 'runs a script in bash; one that fails is an error',
  async cell(_, body) {
    const code = await runProgram('bash', ['-c', body]);
    if (code) throw new Error(`the script ended with exit code ${code}`);
  },
} satisfies Magic;
