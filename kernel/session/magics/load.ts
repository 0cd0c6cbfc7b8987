/** `%load`: puts a file into the cell, to be changed and run there. */
import { readFile } from 'node:fs/promises';
import type { Magic } from '../magic.ts';

export default {
  usage: '%load FILE',
  about: 'puts the text of a file, or of a page, in the place of the cell',
  async line(path, cell) {
    if (!path) throw new Error('no file named; write %load FILE');
    cell.replace(`// %load ${path}\n${await read(path)}`);
  },
} satisfies Magic;

async function read(path: string): Promise<string> {
  if (!/^https?:/.test(path)) return readFile(path, 'utf8');
  const response = await fetch(path);
  if (!response.ok)
    throw new Error(`not loaded: ${path}; the server said ${response.status} ${response.statusText}`);
  return response.text();
}
