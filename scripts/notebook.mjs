/**
 * `npm run notebook -- FILE… [--out DIR | --inplace] [--full] [--timeout S] [--jobs N] [--report FILE]`: headless runs
 * through the installed kernel, with the time of each cell; ends with 1 where a notebook fails.
 */
import { existsSync, writeFileSync } from 'node:fs';
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
  timeout: { type: 'string' },
  jobs: { type: 'string', default: '1' },
  report: { type: 'string' },
};
const usage =
  'npm run notebook -- FILE… [--out DIR | --inplace] [--full] [--timeout S] [--jobs N] [--report FILE]';

/** A whole number from 1, or the sentence about it. */
function atLeastOne(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Missing(`--${name} ${text}: expected a whole number from 1.`);
}

await main(async () => {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  // npm runs scripts in the root; paths are meant from where the user stands.
  const here = process.env.INIT_CWD ?? process.cwd();
  const files = positionals.map(file => relative(root, resolve(here, file)));
  if (files.length === 0) throw new Missing(`which notebooks? ${usage}`);
  const absent = files.find(file => !existsSync(resolve(root, file)));
  if (absent) throw new Missing(`no such notebook: ${absent}`);

  const jobs = atLeastOne('jobs', values.jobs);
  const timeout = values.timeout && atLeastOne('timeout', values.timeout);

  await setUp();
  const out = values.out && resolve(here, values.out);
  const { passed, failed, notebooks } = await runNotebooks(files, {
    ...values,
    out,
    jobs,
    timeout,
    cells: true,
  });
  if (files.length > 1) console.log(`\n${passed} passed, ${failed} failed`);
  if (values.report) writeFileSync(resolve(here, values.report), `${JSON.stringify(notebooks, null, 2)}\n`);
  return failed ? 1 : 0;
});
