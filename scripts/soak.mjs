/**
 * `npm run soak [-- cells N | interrupts N]`: the kernel for a long time. 10 000 cells of mixed kinds, with an interrupt
 * every hundred and a crash every thousand; or the table of interrupts, each case twenty times.
 */
import { kernel } from './setup/build.mjs';
import { checkNode, packages } from './setup/packages.mjs';
import { nodeScript, root } from './setup/place.mjs';
import { attempt, main, Missing } from './setup/step.mjs';

const kinds = {
  cells: { variable: 'NEURONBOOK_SOAK', count: 10_000, test: 'session/soak' },
  interrupts: { variable: 'NEURONBOOK_REPEATS', count: 20, test: 'session/interrupt.test' },
};

await main(async () => {
  const [name = 'cells', count] = process.argv.slice(2);
  const kind = kinds[name];
  if (!kind || (count !== undefined && !(Number(count) > 0)))
    throw new Missing('what? npm run soak [-- cells N | interrupts N]');
  checkNode();
  await packages();
  await kernel();
  const env = { ...process.env, [kind.variable]: count ?? String(kind.count) };
  const args = [nodeScript('vitest', 'vitest.mjs'), 'run', '--root', 'kernel', kind.test];
  const { code } = await attempt(process.execPath, args, { cwd: root, env, show: true });
  return code;
});
