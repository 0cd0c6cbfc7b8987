/**
 * `npm start [-- --no-browser --port N]`: set-up, then JupyterLab on this machine only, at the first guide.
 * The server keeps its token; only the address printed here (and the browser opened here) carries it.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setUp } from './setup/index.mjs';
import { root, venvPython } from './setup/place.mjs';
import { main, Missing, seconds } from './setup/step.mjs';

const host = '127.0.0.1';

/** Resolves to whether nothing listens there yet. */
const isFree = port =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

/** The port asked for, or the first free one from 8888 on. */
async function choosePort(asked) {
  if (asked !== undefined) {
    const port = Number(asked);
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new Missing(`--port must be a number from 1 to 65535, received '${asked}'.`);
    if (await isFree(port)) return port;
    throw new Missing(`Port ${port} is in use: name another with --port N, or leave it out.`);
  }
  for (let port = 8888; port < 8988; port++) if (await isFree(port)) return port;
  throw new Missing('Ports 8888 to 8987 are all in use: name another with --port N.');
}

function firstGuide() {
  const folder = join(root, 'notebooks', 'guide');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const first = names.filter(name => name.endsWith('.ipynb')).sort()[0];
  return first ? `/lab/tree/notebooks/guide/${first}` : '/lab';
}

function serve(port, token, { browser }) {
  const options = {
    'ServerApp.ip': host,
    'ServerApp.port': port,
    'ServerApp.port_retries': 0,
    'ServerApp.root_dir': root,
    'ServerApp.open_browser': browser ? 'True' : 'False',
    'LabApp.default_url': firstGuide(),
    'Application.log_level': 'WARN',
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  if (process.getuid?.() === 0) args.push('--allow-root'); // Jupyter refuses the root user otherwise
  const env = { ...process.env, JUPYTER_TOKEN: token };
  return spawn(venvPython('.venv'), ['-m', 'jupyterlab', ...args], { cwd: root, env, stdio: 'inherit' });
}

/** Waits until the server answers with this token; false where it ended before. */
async function answers(server, port, token) {
  while (server.exitCode === null && server.signalCode === null) {
    const headers = { Authorization: `token ${token}` };
    const reply = await fetch(`http://${host}:${port}/api/status`, { headers }).catch(() => undefined);
    if (reply?.ok) return true;
    await sleep(50);
  }
  return false;
}

await main(async () => {
  const { values } = parseArgs({
    options: { 'no-browser': { type: 'boolean', default: false }, port: { type: 'string' } },
  });
  const port = await choosePort(values.port);
  await setUp();

  const token = process.env.JUPYTER_TOKEN || randomBytes(24).toString('hex');
  const server = serve(port, token, { browser: !values['no-browser'] });
  const ended = new Promise(resolve => server.on('exit', code => resolve(code ?? 0)));
  // Ctrl-C reaches the server by itself and it asks back: outlive it. A termination is passed on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => server.kill('SIGTERM'));

  if (await answers(server, port, token)) {
    console.log(`\nJupyterLab answers after ${seconds(performance.now())}:\n`);
    console.log(`  http://${host}:${port}${firstGuide()}?token=${token}\n`);
    console.log('Stop it with Ctrl-C.');
  }
  return await ended;
});
