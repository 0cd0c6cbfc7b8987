/** Writes the kernelspec, and copies the prebuilt extension, into a folder where Jupyter looks. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jupyterDataFolder } from '../session/data-folder.ts';
import { logoPng, logoSvg } from './logo.ts';

export interface InstallOptions {
  prefix?: string;
  sysPrefix?: boolean;
  user?: boolean;
}

const KERNEL = 'neuronbook';
const EXTENSION = 'neuronbook-lab';
const dist = dirname(dirname(fileURLToPath(import.meta.url)));

/** @returns what was written, a line each */
export function install(options: InstallOptions): string[] {
  const main = join(dist, 'main.js');
  if (!existsSync(main))
    throw new Error(`no built kernel: ${main}; expected the compiled package; run npm run build`);
  const jupyter = jupyterFolder(options);
  const kernel = join(jupyter, 'kernels', KERNEL);
  rmSync(kernel, { recursive: true, force: true });
  mkdirSync(kernel, { recursive: true });
  writeFileSync(join(kernel, 'kernel.json'), `${JSON.stringify(kernelspec(main), null, 2)}\n`);
  writeFileSync(join(kernel, 'logo-svg.svg'), logoSvg);
  for (const size of [32, 64]) writeFileSync(join(kernel, `logo-${size}x${size}.png`), logoPng(size));
  const lines = [`kernel: ${kernel}`];

  const extension = prebuiltExtension();
  if (extension) {
    const target = join(jupyter, 'labextensions', EXTENSION);
    rmSync(target, { recursive: true, force: true });
    cpSync(extension, target, { recursive: true });
    runtimeInto(join(target, 'static', 'live'));
    lines.push(`extension: ${target}`);
  }
  return lines;
}

/** What `kernel.json` says. nbgrader takes the language from here. */
export const kernelspec = (main: string) => ({
  argv: [process.execPath, main, '{connection_file}'],
  display_name: 'TypeScript (neuronbook)',
  language: 'typescript',
  // a signal would reach only the supervisor, and on Windows nobody
  interrupt_mode: 'message',
  metadata: { debugger: true },
});

/** The `share/jupyter` of an environment, or the user's own data folder. */
function jupyterFolder({ prefix, sysPrefix, user }: InstallOptions): string {
  if ([prefix, sysPrefix, user].filter(Boolean).length > 1)
    throw new Error('more than one place to install to; expected one of --prefix, --user, --sys-prefix');
  if (prefix) return resolve(prefix, 'share', 'jupyter');
  if (sysPrefix) return join(pythonPrefix(), 'share', 'jupyter');
  return jupyterDataFolder();
}

function pythonPrefix(): string {
  for (const python of ['python', 'python3'])
    try {
      return execFileSync(python, ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).trim();
    } catch {
      continue;
    }
  throw new Error('no python on the path; expected the one of the environment; use --prefix FOLDER instead');
}

/** What live figures compute with, from the package itself where the extension was published without it. */
function runtimeInto(folder: string): void {
  const dist = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web/wasm')));
  for (const name of runtimeFiles)
    if (!existsSync(join(folder, name))) cpSync(join(dist, name), join(folder, name));
}

/** ONNX Runtime for the web, without and with WebGPU. */
const runtimeFiles = [
  'ort.wasm.bundle.min.mjs',
  'ort-wasm-simd-threaded.wasm',
  'ort.webgpu.bundle.min.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
];

/** Beside the compiled package where it was published with it; at the root of a checkout otherwise. */
function prebuiltExtension(): string | undefined {
  const places = [join(dist, 'labextension'), join(dist, '..', '..', 'labextension')];
  return places.find(place => existsSync(join(place, 'package.json')));
}
