/** Damaged messages against the built kernel, started for the purpose; prints what it cost and what was found. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { root } from './place.mjs';
import { seconds } from './step.mjs';

const channels = ['shell', 'control', 'stdin', 'iopub', 'hb'];
const built = path => join(root, 'kernel', 'dist', path);

async function freePort() {
  const server = createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** @returns 1 where the kernel died, fell silent, or answered what it should not; else 0 */
export async function fuzzWire({ count, seed }) {
  const { fuzzWire: send } = await import(pathToFileURL(built('wire/testing-fuzz.js')).href);
  const folder = mkdtempSync(join(tmpdir(), 'neuronbook-fuzz-'));
  const file = join(folder, 'connection.json');
  const key = 'a key of the fuzz';
  const ports = {};
  for (const channel of channels) ports[`${channel}_port`] = await freePort();
  writeFileSync(file, JSON.stringify({ transport: 'tcp', ip: '127.0.0.1', key, ...ports }));
  const env = { ...process.env, JUPYTER_DATA_DIR: join(folder, 'data') };
  const child = spawn(process.execPath, [built('main.js'), file], { cwd: folder, env, stdio: 'ignore' });
  const died = new Promise(resolve => child.once('exit', code => resolve({ died: code ?? 'by a signal' })));
  const began = performance.now();
  const address = channel => `tcp://127.0.0.1:${ports[`${channel}_port`]}`;
  const progress = sent => sent % 10_000 === 0 && console.log(`… ${sent}`);
  const result = await Promise.race([send({ address, key, count, seed, progress }), died]);
  child.kill('SIGKILL');
  await died;
  rmSync(folder, { recursive: true, force: true });
  if (result.died !== undefined) result.findings = [`the kernel died: ${result.died}`];
  for (const finding of result.findings.slice(0, 50)) console.log(finding);
  const { sent = 0, signed = 0, answers = 0, findings } = result;
  console.log(
    `${sent} damaged messages in ${seconds(performance.now() - began)}, ${signed} of them well signed, ` +
      `${answers} answers, ${findings.length} findings`,
  );
  return findings.length ? 1 : 0;
}
