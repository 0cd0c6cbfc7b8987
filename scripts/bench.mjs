/**
 * `npm run bench [-- NAME…]`: runs `bench/*.bench.ts` one after another. Each prints one JSON line a measurement:
 * {"name", "ours_ms", "peer", "peer_ms", "ratio"}; the peers' environment is made on first use.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { kernel } from './setup/build.mjs';
import { checkNode, packages } from './setup/packages.mjs';
import { cache, nodeScript, root } from './setup/place.mjs';
import { venv } from './setup/python.mjs';
import { attempt, main, Missing, run } from './setup/step.mjs';

const suffix = '.bench.ts';
const compiled = join(cache, 'bench');
const known = () =>
  readdirSync(join(root, 'bench'))
    .filter(file => file.endsWith(suffix))
    .map(file => file.slice(0, -suffix.length));

await main(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.find(name => !known().includes(name));
  if (unknown) throw new Missing(`no such bench: ${unknown}; there are ${known().join(', ') || 'none yet'}.`);
  checkNode();
  await packages();
  await kernel();
  const peers = { label: "making the peers' environment .bench-venv", minimum: 310 };
  const python = await venv('.bench-venv', 'requirements-bench.txt', peers);
  if (existsSync(join(root, 'bench', 'tsconfig.json')))
    await run(process.execPath, [
      nodeScript('typescript', 'bin', 'tsc'),
      '-p',
      'bench',
      '--outDir',
      compiled,
    ]);

  let failed = false;
  for (const name of asked.length ? asked : known()) {
    const env = { ...process.env, NEURONBOOK_BENCH_PYTHON: python };
    const { code } = await attempt(process.execPath, [join(compiled, `${name}.bench.js`)], {
      show: true,
      env,
    });
    failed ||= code !== 0;
  }
  return failed ? 1 : 0;
});
