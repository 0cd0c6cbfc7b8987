/** Notebook 7 and JupyterLite, as `npm run elsewhere` has laid them out in `.cache/elsewhere`. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import lab from './playwright.config.js';

const home = fileURLToPath(new URL('../.cache/elsewhere', import.meta.url));
const python = process.env.NEURONBOOK_PYTHON;

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(String(port)));
    });
  });

// the workers load this file again and must find the same servers
process.env.NEURONBOOK_NOTEBOOK_PORT ??= await freePort();
process.env.NEURONBOOK_LITE_PORT ??= await freePort();
const notebook = `http://127.0.0.1:${process.env.NEURONBOOK_NOTEBOOK_PORT}`;
const lite = `http://127.0.0.1:${process.env.NEURONBOOK_LITE_PORT}`;
const homes = ['CONFIG', 'DATA', 'RUNTIME'].map(name => [
  `JUPYTER_${name}_DIR`,
  join(home, name.toLowerCase()),
]);

export default {
  testDir: 'elsewhere',
  outputDir: 'test-results',
  reporter: [['list']],
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 60_000 },
  use: { viewport: { width: 1280, height: 900 }, launchOptions: lab.use.launchOptions },
  webServer: [
    {
      command: `"${python}" -m notebook --no-browser --allow-root --ip=127.0.0.1 --port=${process.env.NEURONBOOK_NOTEBOOK_PORT} --ServerApp.port_retries=0 --IdentityProvider.token="" --ServerApp.root_dir="${join(home, 'files')}" --log-level=ERROR`,
      url: `${notebook}/api`,
      timeout: 60_000,
      env: Object.fromEntries(homes),
    },
    {
      command: `"${python}" -m http.server ${process.env.NEURONBOOK_LITE_PORT} --bind 127.0.0.1 --directory "${join(home, 'lite')}"`,
      url: `${lite}/lab/index.html`,
      timeout: 60_000,
      stderr: 'ignore', // a line for each file
    },
  ],
};
