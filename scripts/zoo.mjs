/** `npm run zoo [-- NAME…]`: trains the bundled models again, each by its own seeded script. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { kernel } from './setup/build.mjs';
import { checkNode, packages } from './setup/packages.mjs';
import { root } from './setup/place.mjs';
import { attempt, main, Missing, seconds } from './setup/step.mjs';

const zoo = join(root, 'kernel', 'zoo');
const known = () => readdirSync(zoo).filter(name => existsSync(join(zoo, name, 'train.ts')));

await main(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.find(name => !known().includes(name));
  if (unknown)
    throw new Missing(`no such model: ${unknown}; the zoo has ${known().join(', ') || 'none yet'}.`);
  checkNode();
  await packages();
  await kernel();
  let failed = false;
  for (const name of asked.length ? asked : known()) {
    const start = performance.now();
    const script = join(root, 'kernel', 'dist', 'zoo', name, 'train.js');
    const { code } = await attempt(process.execPath, [script, join(zoo, name)], { show: true });
    console.log(`${name}: ${code === 0 ? 'trained' : 'failed'} in ${seconds(performance.now() - start)}`);
    failed ||= code !== 0;
  }
  return failed ? 1 : 0;
});
