/**
 * Runs the specs in a real JupyterLab with a real Chromium: Debian's where it is installed, else Playwright's own.
 * The server listens on 127.0.0.1 and a free port, with its own configuration, data and working folders, because
 * Galata turns its token off. `NEURONBOOK_PYTHON` and `NEURONBOOK_CHROMIUM` name
 * another Python than that of `.venv` and another browser.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const galata = createRequire(import.meta.url)('@jupyterlab/galata/lib/playwright-config');
const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, '.cache', 'ui-tests');

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

// the workers load this file again and must find the same server
if (!process.env.NEURONBOOK_UI_PORT) {
  process.env.NEURONBOOK_UI_PORT = String(await freePort());
  rmSync(home, { recursive: true, force: true });
  mkdirSync(join(home, 'files'), { recursive: true });
}
const baseURL = `http://127.0.0.1:${process.env.NEURONBOOK_UI_PORT}`;

const pythons = [join(root, '.venv', 'bin', 'python'), join(root, '.venv', 'Scripts', 'python.exe')];
const python = process.env.NEURONBOOK_PYTHON ?? pythons.find(existsSync);
if (!python) throw new Error('there is no .venv; run `npm test` or `npm start` once, which make it');
const chromium =
  process.env.NEURONBOOK_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

export default {
  ...galata,
  testDir: 'specs',
  outputDir: 'test-results',
  reporter: [['list']],
  workers: 1,
  timeout: 120_000,
  globalTimeout: 30 * 60_000,
  expect: { timeout: 30_000 },
  use: {
    ...galata.use,
    baseURL,
    viewport: { width: 1280, height: 900 },
    video: 'off',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(chromium && { executablePath: chromium }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  webServer: {
    command: `"${python}" -m jupyterlab --config="${join(root, 'ui-tests', 'server.py')}"`,
    url: `${baseURL}/lab`,
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 5_000 },
    env: {
      NEURONBOOK_SCALE: 'test',
      JUPYTERLAB_GALATA_ROOT_DIR: join(home, 'files'),
      JUPYTER_CONFIG_DIR: join(home, 'config'),
      JUPYTER_DATA_DIR: join(home, 'data'),
      JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
      JUPYTERLAB_SETTINGS_DIR: join(home, 'settings'),
      JUPYTERLAB_WORKSPACES_DIR: join(home, 'workspaces'),
      IPYTHONDIR: join(home, 'ipython'),
      JUPYTER_PREFER_ENV_PATH: '1',
    },
  },
};
