/** `%%sh` and `!`: commands of the system's shell. */
import type { Magic } from '../magic.ts';
import { runShell } from '../shell.ts';

export default {
  usage: '!COMMAND, or %%sh above a script',
  about: 'runs a command, or a script, in the shell; a script that fails is an error',
  async line(text) {
    if (!text) throw new Error('no command; write !COMMAND');
    await runShell(text);
  },
  async cell(_, body) {
    const code = await runShell(body);
    if (code) throw new Error(`the script ended with exit code ${code}`);
  },
} satisfies Magic;
