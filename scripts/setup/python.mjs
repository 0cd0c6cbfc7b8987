/** Python: finds one, makes virtual environments from the pin lists beside these scripts. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, venvPython, windows } from './place.mjs';
import { forget, hashOf, unlessFresh } from './stamp.mjs';
import { attempt, Missing, run, step } from './step.mjs';

/** 3.9 as 309. What `npm start` needs; tests and benchmarks say more. */
export const oldest = 309;

const question = 'import sys; print(sys.executable, *sys.version_info[:2], sep="|")';
const usual = windows
  ? [['py', '-3'], ['python'], ['python3']]
  : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'].map(name => [
      name,
    ]);
const candidates = () => (process.env.PYTHON ? [[process.env.PYTHON]] : usual);

/** The first Python that is new enough, as { executable, version: 3.11 → 311 }. */
async function findPython(minimum) {
  const seen = [];
  for (const [command, ...args] of candidates()) {
    const { code, output } = await attempt(command, [...args, '-c', question]);
    if (code !== 0) continue;
    const [executable, major, minor] = output.trim().split('|');
    if (Number(major) * 100 + Number(minor) >= minimum) return executable;
    seen.push(`${major}.${minor}`);
  }
  const need = `${Math.floor(minimum / 100)}.${minimum % 100}`;
  throw new Missing(
    seen.length
      ? `Python ${need} or newer is needed, found ${[...new Set(seen)].join(', ')}: install a newer one from https://www.python.org, or name one in the variable PYTHON.`
      : `Python is missing: install Python ${need} or newer from https://www.python.org, or name one in the variable PYTHON.`,
  );
}

/** Debian itself, or (without a name) anything made from it. */
export function isDebian(name = '.*debian') {
  if (!existsSync('/etc/os-release')) return false;
  return new RegExp(`^ID(_LIKE)?="?${name}"?$`, 'm').test(readFileSync('/etc/os-release', 'utf8'));
}
export const canApt = () => isDebian() && process.getuid?.() === 0;

/** apt without questions; its index is refreshed first, since a fresh image has none. */
export async function apt(...names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env });
}

/** The Python that makes environments, or one sentence about what to install. */
async function usablePython(minimum) {
  const python = await findPython(minimum);
  const canMake = async () => (await attempt(python, ['-c', 'import venv, ensurepip'])).code === 0;
  if (!(await canMake()) && canApt()) await apt('python3-venv');
  if (await canMake()) return python;
  throw new Missing(
    "Python's venv module is missing: install it first (on Debian and Ubuntu: sudo apt install python3-venv).",
  );
}

/** Asked before anything is installed: what is missing should be said in the first second. */
export async function checkPython(minimum) {
  if (!existsSync(venvPython('.venv'))) await usablePython(minimum);
}

async function makeVenv(name, minimum) {
  const python = await usablePython(minimum);
  rmSync(join(root, name), { recursive: true, force: true });
  forget(`python${name}`); // what other lists had put there is gone with it
  await run(python, ['-m', 'venv', join(root, name)]);
  // JupyterLab brings a CommonJS script and runs it at start; our own package.json would make it an ES module.
  writeFileSync(join(root, name, 'package.json'), '{ "type": "commonjs" }\n');
}

/**
 * A virtual environment in the root holding the pins of one list (a file of scripts/); a second list adds to it.
 * The stamp includes the root: a folder that was moved has environments that point to the old place.
 */
export async function venv(name, list, { label, minimum = oldest }) {
  const key = hashOf([`scripts/${list}`], { words: [root] });
  await unlessFresh(`python${name}-${list}`, key, [venvPython(name)], () =>
    step(label, async () => {
      if ((await attempt(venvPython(name), ['-c', 'import pip'])).code !== 0) await makeVenv(name, minimum);
      const pip = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '-qq', '-r'];
      await run(venvPython(name), [...pip, join(root, 'scripts', list)]);
    }),
  );
  return venvPython(name);
}
