/**
 * Builds the JupyterLab extension into `labextension/`: TypeScript to `lib/`, then JupyterLab's own bundler.
 * Production unless told `--development`. Reads the kernel package's compiled payload types, so build that first.
 * A copy goes into that package, which brings its extension along wherever npm installs it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function node(...args) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(`${root}kernel/dist/display/payload.js`)) {
  console.error(
    'the kernel package is not built: kernel/dist/display/payload.js is missing; run `npm run build`',
  );
  process.exit(1);
}
node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
node(
  'node_modules/@jupyter/builder/lib/build-labextension.js',
  '--core-package-file',
  'node_modules/@jupyterlab/core-meta/core.package.json',
  '.',
  ...process.argv.slice(2),
);
const packed = `${root}kernel/dist/labextension`;
rmSync(packed, { recursive: true, force: true });
cpSync(`${root}labextension`, packed, { recursive: true });
