/**
 * What of the npm packages a wheel holds: the kernel's package, and of those it depends on what a running kernel reads,
 * with the binaries of this platform.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { root } from './place.mjs';

/** Dependencies that only install scripts ask for, or programs that nobody starts here. */
const unused = {
  'onnxruntime-node': /^(adm-zip|global-agent)$/,
  'onnxruntime-web': /./, // its bundles hold them
  tslab: /^(?!semver$|@tslab\/)/, // its converter is used, its kernel is not
  zeromq: /^node-addon-api$/,
};

const compiler = /^lib\/(typescript\.js|(lib\.|typescript\.d).*ts)$/;
/** Of packages that hold much more than is used: the files that are. */
const used = {
  typescript: compiler,
  '@tslab/typescript-for-tslab': compiler,
  'cmake-ts': /^build\/loader\.js$/,
  'onnxruntime-node': /^(dist|bin)\//,
  'onnxruntime-web': /^(types\.d\.ts|dist\/(ort\.wasm\.bundle\.min\.mjs|ort-wasm-simd-threaded\.wasm))$/,
  zeromq: /^(lib|build)\//,
};

/** What says whose it is, and what it is. */
const isNotice = file => /(^|\/)(package\.json|licen[cs]e[^/]*|notice[^/]*|thirdparty[^/]*)$/i.test(file);
const isIdle = file => /\.(map|md|markdown|tsbuildinfo|flow)$|(?<!\.d)\.[mc]?ts$/i.test(file);
const kept = (name, file) => isNotice(file) || (!isIdle(file) && (used[name]?.test(file) ?? true));

/** Paths of a folder's files from it, without the packages inside. */
function filesOf(folder, inner = '') {
  return readdirSync(join(folder, inner), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap(entry => {
      const path = inner ? `${inner}/${entry.name}` : entry.name;
      return entry.isDirectory() ? filesOf(folder, path) : [path];
    });
}

/** Where Node would find a package that one in `from` imports. */
function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return path;
    if (folder === root) return undefined;
  }
}

/** Folders of every package that the one in `folder` needs, its own among them. */
export function packagesFrom(folder, found = new Set()) {
  if (found.has(folder)) return found;
  found.add(folder);
  const { name, dependencies, optionalDependencies = {} } = readPackage(folder);
  for (const wanted of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (unused[name]?.test(wanted)) continue;
    const place = find(wanted, folder);
    if (place) packagesFrom(place, found);
    else if (!optionalDependencies[wanted])
      throw new Error(`${name} needs ${wanted}, which is not installed`);
  }
  return found;
}

const readPackage = folder => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** `kernel/node_modules/x` → `node_modules/neuronbook/node_modules/x`; the rest keeps its place. */
const placed = path =>
  relative(root, path)
    .split(sep)
    .join('/')
    .replace(/^kernel\/node_modules\//, 'node_modules/neuronbook/node_modules/');

/**
 * The files of every package but the kernel's own, as [{ name, path }]: where it goes, and where it lies.
 * @param isForeign whether a file is for another machine
 */
export function dependencyFiles(isForeign) {
  const [, ...folders] = packagesFrom(join(root, 'kernel'));
  return folders.flatMap(folder => {
    const { name } = readPackage(folder);
    return filesOf(folder)
      .filter(file => kept(name, file))
      .map(file => ({ name: `${placed(folder)}/${file}`, path: join(folder, file) }))
      .filter(({ path }) => !isForeign(path));
  });
}
