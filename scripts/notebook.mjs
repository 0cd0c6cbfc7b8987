/** `npm run notebook -- FILE… [--out DIR | --inplace] [--full]`: headless runs through the installed kernel. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setUp } from './setup/index.mjs';
import { runNotebooks } from './setup/notebooks.mjs';
import { root } from './setup/place.mjs';
import { main, Missing } from './setup/step.mjs';

const options = {
  out: { type: 'string' },
  inplace: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
};

await main(async () => {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  // npm runs scripts in the root; paths are meant from where the user stands.
  const here = process.env.INIT_CWD ?? process.cwd();
  const files = positionals.map(file => relative(root, resolve(here, file)));
  if (files.length === 0)
    throw new Missing('which notebooks? npm run notebook -- FILE… [--out DIR] [--full]');
  const absent = files.find(file => !existsSync(resolve(root, file)));
  if (absent) throw new Missing(`no such notebook: ${absent}`);

  await setUp();
  const out = values.out && resolve(here, values.out);
  const { failed } = await runNotebooks(files, { ...values, out });
  return failed ? 1 : 0;
});
