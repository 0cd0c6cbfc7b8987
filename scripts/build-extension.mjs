/**
 * Builds the JupyterLab extension into `labextension/`: TypeScript to `lib/`, then JupyterLab's own bundler.
 * Production unless told `--development`. Reads the kernel package's compiled payload types, so build that first.
 * A copy goes into that package, which brings its extension along wherever npm installs it, and the script of pages that
 * `neuronbook figure export` writes.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** One file that runs as it is, in a page that has nothing else. */
const script = (name, file) =>
  node(
    'node_modules/rolldown/bin/cli.mjs',
    `lib/live/${name}.js`,
    ...['--file', file],
    ...['--format', 'iife'],
    ...['--platform', 'browser'],
    // styles lie beside the script, or in the page
    ...['--module-types', '.css=empty'],
    ...['--log-level', 'silent'],
    '--minify',
  );

// what live figures compute with lies beside the bundles as it is: the worker, and ONNX Runtime, whose script starts
// itself again from its own address
const live = `${root}labextension/static/live`;
script('worker', `${live}/worker.js`);

// the package has the runtime already, among its dependencies: `neuronbook install` copies it from there
const packed = `${root}kernel/dist/labextension`;
rmSync(packed, { recursive: true, force: true });
cpSync(`${root}labextension`, packed, { recursive: true });
const runtime = [
  'ort.wasm.bundle.min.mjs',
  'ort-wasm-simd-threaded.wasm',
  'ort.webgpu.bundle.min.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
];
for (const name of runtime) cpSync(`${root}node_modules/onnxruntime-web/dist/${name}`, `${live}/${name}`);

// the page of one file: its script, its worker and the styles of what it shows, in the page's own colours
const page = `${root}kernel/dist/figure`;
mkdirSync(page, { recursive: true });
script('page', `${page}/page.js`);
cpSync(`${live}/worker.js`, `${page}/worker.js`);
const sheets = ['../extension/live/page', 'base', 'view', 'interactive', 'tokens', 'live'];
const css = sheets.map(name => readFileSync(`${root}style/${name}.css`, 'utf8'));
writeFileSync(`${page}/page.css`, css.join('\n'));
