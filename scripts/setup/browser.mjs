/** A Chromium for the browser tests: the system's own, else by apt where that is ours to do, else Playwright's. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { nodeScript } from './place.mjs';
import { apt, canApt } from './python.mjs';
import { run, step } from './step.mjs';

/** Ubuntu's `chromium` is a wrapper around a snap, which a test runner cannot drive. */
function find(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (!existsSync('/snap/bin/chromium')) return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The path of a browser, or undefined where Playwright's own is to be used. */
export async function browser() {
  if (process.env.NEURONBOOK_CHROMIUM) return process.env.NEURONBOOK_CHROMIUM;
  if (process.platform === 'linux') {
    const present = find('chromium') ?? find('google-chrome');
    if (present) return present;
    if (canApt()) {
      await step('installing chromium by apt', () => apt('chromium'));
      return find('chromium');
    }
  }
  await step('installing the browser for the tests', () =>
    run(process.execPath, [nodeScript('playwright', 'cli.js'), 'install', 'chromium']),
  );
  return undefined;
}
