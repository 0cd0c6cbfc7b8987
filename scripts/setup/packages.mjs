/** npm packages: `npm ci` where node_modules is missing or is not what the lockfile says. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, windows } from './place.mjs';
import { hashOf, unlessFresh } from './stamp.mjs';
import { Missing, run, step } from './step.mjs';

const wanted = [20, 12];

/** One sentence where this Node is too old to go on. */
export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > wanted[0] || (major === wanted[0] && minor >= wanted[1])) return;
  throw new Missing(
    `Node ${version} is too old: install Node ${wanted.join('.')} or newer from https://nodejs.org.`,
  );
}

const readPackages = file => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;

/** npm leaves a hidden lockfile in node_modules; packages for other machines are optional and may be absent. */
function installed() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const [asked, found] = ['package-lock.json', 'node_modules/.package-lock.json'].map(readPackages);
  return Object.entries(asked).every(
    ([path, { version, optional }]) =>
      !path.includes('node_modules/') || found[path]?.version === version || (optional && !found[path]),
  );
}

/** npm tells its scripts where it lies; the script form also runs on Windows without a shell. */
export const npm = args =>
  process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, [process.env.npm_execpath, ...args], {}]
    : [windows ? 'npm.cmd' : 'npm', args, { shell: windows }];

export const packages = () =>
  unlessFresh('packages', hashOf(['package-lock.json']), [join(root, 'node_modules')], async () => {
    if (installed()) return;
    await step('installing the npm packages', () => run(...npm(['ci', '--no-audit', '--no-fund'])));
  });
