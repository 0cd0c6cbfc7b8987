/** `npm run papers`: writes the README's table of systems and docs/papers.md again, from their headers and results. */
import { checkNode, packages } from './setup/packages.mjs';
import { nodeScript } from './setup/place.mjs';
import { attempt, main } from './setup/step.mjs';

await main(async () => {
  checkNode();
  await packages();
  const args = [nodeScript('vitest', 'vitest.mjs'), 'run', '--root', 'kernel', 'gallery.test', '-u'];
  const { code } = await attempt(process.execPath, args, { show: true });
  return code;
});
