/** `%%writefile`: the cell as a file. */
import { appendFile, writeFile } from 'node:fs/promises';
import { print, type Magic } from '../magic.ts';

export default {
  usage: '%%writefile [-a] FILE',
  about: 'writes the cell into a file; -a appends it',
  async cell(text, body) {
    const [, append, path] = /^(-a\s+)?(.*)$/.exec(text) ?? [];
    if (!path) throw new Error('no file named; write %%writefile FILE');
    await (append ? appendFile : writeFile)(path, body);
    print(`${append ? 'appended to' : 'wrote'} ${path}`);
  },
} satisfies Magic;
