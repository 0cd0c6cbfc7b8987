/** `%cd`: the folder in which files are opened and commands run. Imports stay with the notebook. */
import { homedir } from 'node:os';
import { print, type Magic } from '../magic.ts';

let before = process.cwd();

export default {
  usage: '%cd [FOLDER | -]',
  about: 'changes the working folder; - goes back, nothing goes home',
  line(text) {
    const asked = text.replace(/^(['"])(.*)\1$/, '$2').replace(/^(~|$)/, homedir());
    const from = process.cwd();
    process.chdir(asked === '-' ? before : asked);
    before = from;
    print(process.cwd());
  },
} satisfies Magic;
