/**
 * `npm run wheel [-- --out FOLDER] [--fast]`: builds, and packs kernel, extension and this platform's runtime into one
 * file for pip. `--as-built` packs what lies there; `--fast` compresses little, for tests.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { extension, kernel } from './setup/build.mjs';
import { checkNode, packages } from './setup/packages.mjs';
import { root } from './setup/place.mjs';
import { main, step } from './setup/step.mjs';
import { packWheel } from './setup/wheel.mjs';

await main(async () => {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'dist' },
      'as-built': { type: 'boolean' },
      fast: { type: 'boolean' },
    },
  });
  checkNode();
  if (!values['as-built']) {
    await packages();
    await kernel();
    await extension();
  }
  const folder = resolve(root, values.out);
  const made = await step('packing the wheel', () => packWheel(folder, { level: values.fast ? 1 : 9 }));
  const megabytes = bytes => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `${made.path}\n${megabytes(made.bytes)}, ${made.files} files, ${megabytes(made.installed)} installed`,
  );
});
