/** The machine that a wheel is for: its tag, and which binaries run there. */
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { kernelCli, root } from './place.mjs';

/** Node 20 itself asks for this glibc, and so does ONNX Runtime. */
const GLIBC = 28;
/** Of macOS, as ONNX Runtime says in its binaries. */
const MACOS = 14;

const machines = { x64: 'x86_64', arm64: 'aarch64' };
const isMusl = () => !process.report.getReport().header.glibcVersionRuntime;

/** The platform's part of a wheel's name, e.g. manylinux_2_28_x86_64. */
export function platformTag({ platform, arch, musl } = { ...process, musl: undefined }) {
  if (platform === 'win32') return arch === 'x64' ? 'win_amd64' : `win_${arch}`;
  if (platform === 'darwin') return `macosx_${MACOS}_0_${arch === 'x64' ? 'x86_64' : arch}`;
  const machine = machines[arch] ?? arch;
  return (musl ?? isMusl()) ? `musllinux_1_2_${machine}` : `manylinux_2_${GLIBC}_${machine}`;
}

/** The newest 2.x of glibc that a binary asks for; 0 where it asks for none. */
export function glibcOf(file) {
  const asked = readFileSync(file)
    .toString('latin1')
    .matchAll(/GLIBC_2\.(\d+)/g);
  return Math.max(0, ...Array.from(asked, ([, minor]) => Number(minor)));
}

const isBinary = path => /\.node$|\.so(\.\d+)*$/.test(path);

/** ZeroMQ brings an add-on for each kind of libc, and takes the first that loads. */
const isOtherLibc = path =>
  path.includes(`${sep}musl-`) !== isMusl() && /[/\\](musl|glibc)-[^/\\]*[/\\]/.test(path);
/** Those of its older versions, which it no longer looks at. */
const isLeftOver = path => /[/\\]zeromq[/\\]build[/\\].*[/\\]node[/\\]\d+[/\\]/.test(path);

/** A predicate of paths: files that this platform cannot use, as `neuronbook prune` knows them, and some more. */
export async function foreign() {
  const { prune } = await import(pathToFileURL(join(root, 'kernel', 'dist', 'cli', 'prune.js')).href);
  const pruned = prune(kernelCli, { dryRun: true }).map(({ path }) => path);
  const linux = process.platform === 'linux';
  const tooNew = path => !isMusl() && glibcOf(path) > GLIBC;
  return path =>
    pruned.some(unused => path === unused || path.startsWith(unused + sep)) ||
    isLeftOver(path) ||
    (linux && isBinary(path) && (isOtherLibc(path) || tooNew(path)));
}
