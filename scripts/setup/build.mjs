/** Builds kernel and extension where their sources changed, and puts both where this repository's JupyterLab looks. */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelCli, nodeScript, root, venvPython } from './place.mjs';
import { filesUnder, hashOf, unlessFresh } from './stamp.mjs';
import { run, step } from './step.mjs';

const common = ['package-lock.json', 'tsconfig.base.json'];
const isKernelSource = file => !file.endsWith('.test.ts') && !/^kernel\/zoo\/.*\.(onnx|md)$/.test(file);
const isAsset = file => /\.(proto|wasm|css|html|svg)$/.test(file);
const extensionInputs = ['extension', 'style', 'schema', 'package.json', 'tsconfig.json'];
const shared = ['kernel/display', 'scripts/build-extension.mjs'];

const kernelKey = () => hashOf(['kernel', ...common], { keep: isKernelSource });
const extensionKey = () =>
  hashOf([...extensionInputs, ...shared, ...common], { keep: file => !file.endsWith('.test.ts') });

/** The compiler writes .js; what sources read at run time beside themselves is copied to the same place in dist. */
async function buildKernel() {
  const dist = join(root, 'kernel', 'dist');
  // what it says was written is no longer there
  if (!existsSync(kernelCli)) rmSync(join(dist, '.tsbuildinfo'), { force: true });
  await run(process.execPath, [nodeScript('typescript', 'bin', 'tsc'), '-p', 'kernel/tsconfig.build.json']);
  for (const file of filesUnder('kernel').filter(isAsset)) {
    cpSync(join(root, file), join(dist, file.slice('kernel/'.length)));
  }
}

export const kernel = () =>
  unlessFresh('kernel', kernelKey(), [kernelCli], () => step('building the kernel', buildKernel));

export const extension = () =>
  unlessFresh('extension', extensionKey(), [join(root, 'labextension', 'package.json')], () =>
    step('building the JupyterLab extension', () =>
      run(process.execPath, [join(root, 'scripts', 'build-extension.mjs')]),
    ),
  );

/** JupyterLab's own defaults for this environment: no questions about news and updates over the first notebook. */
function quietLab() {
  const folder = join(root, '.venv', 'share', 'jupyter', 'lab', 'settings');
  const overrides = {
    '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false },
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'overrides.json'), JSON.stringify(overrides, null, 2));
}

/** The server extension of the wheel, from where its source lies. */
async function promptServer() {
  const asked = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const modules = (await run(venvPython('.venv'), ['-c', asked])).trim();
  writeFileSync(join(modules, 'neuronbook.pth'), `${join(root, 'python')}\n`);
  const folder = join(root, '.venv', 'etc', 'jupyter', 'jupyter_server_config.d');
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'python', 'jupyter_server_config.json'), join(folder, 'neuronbook.json'));
}

/** The kernelspec names this folder's files, so a moved folder installs again. */
export const install = () => {
  const shares = join(root, '.venv', 'share', 'jupyter');
  const products = [
    join(shares, 'kernels', 'neuronbook', 'kernel.json'),
    join(shares, 'labextensions', 'neuronbook-lab', 'package.json'),
  ];
  const key = hashOf(['python'], { words: [root, kernelKey(), extensionKey()] });
  return unlessFresh('install', key, products, () =>
    step('installing kernel and extension into .venv', async () => {
      quietLab();
      await promptServer();
      await run(process.execPath, [kernelCli, 'install', '--prefix', join(root, '.venv')]);
    }),
  );
};
