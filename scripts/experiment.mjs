/**
 * `npm run experiment -- area/name … [--seeds N] [--small] [--fresh]`: runs the experiments of systems, all where none is
 * named. What has been run stays run: results/<area>/<name>.json holds each arm and seed with its commit and its time,
 * and the next call goes on from there, until the system's file has changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { kernel } from './setup/build.mjs';
import { checkNode, packages } from './setup/packages.mjs';
import { cache, root } from './setup/place.mjs';
import { filesUnder } from './setup/stamp.mjs';
import { attempt, main, Missing } from './setup/step.mjs';

const options = {
  seeds: { type: 'string' },
  small: { type: 'boolean', default: false },
  fresh: { type: 'boolean', default: false },
};

const known = () =>
  filesUnder('kernel/systems')
    .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map(file => file.slice('kernel/systems/'.length, -'.ts'.length));

/** The commit that is checked out, with a + where sources differ from it; undefined outside a repository. */
async function commitOf() {
  const { code, output } = await attempt('git', ['rev-parse', '--short=12', 'HEAD']);
  if (code !== 0) return undefined;
  const { output: changed } = await attempt('git', ['status', '--porcelain', '--', 'kernel']);
  return `${output.trim()}${changed.trim() ? '+' : ''}`;
}

await main(async () => {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const seeds = values.seeds === undefined ? undefined : Number(values.seeds);
  if (seeds !== undefined && !(Number.isInteger(seeds) && seeds > 0))
    throw new Missing(`--seeds ${values.seeds}: expected a whole number from 1.`);
  const all = known();
  const unknown = positionals.find(name => !all.includes(name));
  if (unknown) throw new Missing(`no such system: ${unknown}; there are ${all.join(', ') || 'none yet'}.`);
  checkNode();
  await packages();
  await kernel();
  const commit = await commitOf();
  let complete = true;
  for (const name of positionals.length ? positionals : all) {
    const source = readFileSync(join(root, 'kernel', 'systems', `${name}.ts`));
    const key = createHash('sha256').update(source).digest('hex').slice(0, 16);
    // what is measured on less is no result
    const folder = values.small ? join(cache, 'results') : join(root, 'results');
    const to = join(folder, `${name}.json`);
    if (values.fresh && existsSync(to)) rmSync(to);
    const built = join(root, 'kernel', 'dist', 'systems', `${name}.js`);
    const { [name.split('/')[1]]: system } = await import(pathToFileURL(built).href);
    const scale = values.small ? 'small' : 'full';
    const report = await system.experiment.run({ seeds, scale, to, key, commit });
    console.log(`\n${name}\n${report}\n`);
    complete &&= report.complete;
  }
  return complete ? 0 : 1;
});
