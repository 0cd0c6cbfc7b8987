/**
 * `npm run new-system area/name [ADDRESS] [-- --into FOLDER]`: writes the three files of a system, which work at once: the
 * file, its test and its notebook. ADDRESS is that of the paper; FOLDER is another root than the repository's.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './setup/place.mjs';
import { main, Missing } from './setup/step.mjs';
import { problemOf, systemFiles } from './setup/system-files.mjs';

await main(async () => {
  const { values, positionals } = parseArgs({
    options: { into: { type: 'string' } },
    allowPositionals: true,
  });
  const [name, paper] = positionals;
  const problem = problemOf(name);
  if (problem) throw new Missing(`${problem}.\nnpm run new-system area/name [ADDRESS OF THE PAPER]`);
  const into = values.into ? resolve(process.env.INIT_CWD ?? process.cwd(), values.into) : root;
  const files = Object.entries(systemFiles(name, paper));
  const there = files.find(([path]) => existsSync(join(into, path)));
  if (there) throw new Missing(`${there[0]} is there already; choose another name or delete it.`);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    writeFileSync(join(into, path), text);
    console.log(path);
  }
  if (!paper) console.log("Put the paper's address behind @see and into the notebook.");
  console.log(`Then: npm run experiment -- ${name}, and npm run papers for the README and docs/papers.md.`);
});
