/** `%types`: what becomes of cells with type errors. The supervisor reads the line before the cell runs (`type-check.ts`). */
import { print, type Magic } from '../magic.ts';

const modes = {
  off: 'cells are not checked',
  warn: 'type errors are shown under the cell, which runs all the same',
  block: 'a cell with type errors does not run',
};

export default {
  usage: '%types off|warn|block',
  about: 'what becomes of cells with type errors from now on',
  line(text) {
    if (!Object.hasOwn(modes, text))
      throw new Error(`no such mode: ${text || 'none given'}; expected ${Object.keys(modes).join(', ')}`);
    print(modes[text as keyof typeof modes]);
    return undefined;
  },
} satisfies Magic;
