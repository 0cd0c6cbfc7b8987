/** A Chromium for the browser tests: Debian's own where it is, or is ours to install; Playwright's elsewhere. */
import { existsSync } from 'node:fs';
import { nodeScript } from './place.mjs';
import { apt, canApt, isDebian } from './python.mjs';
import { run, step } from './step.mjs';

// The places where ui-tests/playwright.config.js looks before it takes Playwright's own.
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];

export async function browser() {
  if (places.some(path => existsSync(path))) return;
  if (isDebian('debian') && canApt()) {
    await step('installing chromium by apt', () => apt('chromium'));
    return;
  }
  // On other Linuxes Playwright's browser needs libraries that only root can add.
  const libraries = isDebian() && canApt() ? ['--with-deps'] : [];
  await step('installing a browser for the tests', () =>
    run(process.execPath, [nodeScript('playwright', 'cli.js'), 'install', ...libraries, 'chromium']),
  );
}
