/**
 * `npm run fuzz [-- --count 100000 --seed 1 --from 0]`: damaged ONNX and safetensors files, each loaded in a child
 * process that may neither die nor take 5 seconds. Prints what went wrong with the number of its case; exit 1 where
 * anything did. `npm run fuzz -- wire [--count 100000 --seed 1]` sends damaged messages to a kernel instead.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { kernel } from './setup/build.mjs';
import { checkNode, packages } from './setup/packages.mjs';
import { fuzzWire } from './setup/fuzz-wire.mjs';
import { root } from './setup/place.mjs';
import { main, seconds } from './setup/step.mjs';

const patience = 5000; // ms without a word from the child: it hangs

const options = {
  count: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
  from: { type: 'string', default: '0' },
  child: { type: 'boolean', default: false },
};
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const [count, seed, from] = [values.count, values.seed, values.from].map(Number);

/** Works through cases, and tells its parent before each. */
async function work() {
  const { tryCase } = await import(pathToFileURL(join(root, 'kernel/dist/model/testing-fuzz.js')).href);
  const say = message => new Promise(resolve => process.send(message, resolve));
  for (let i = from; i < count; i++) {
    await say({ at: i });
    const finding = await tryCase(seed, i);
    if (finding) await say({ finding });
  }
  await say({ done: true });
  process.disconnect();
}

/** One child from case `start` on; resolves to where it stopped, and why, where that was not the end. */
function watch(start, report) {
  return new Promise(resolve => {
    const args = ['--child', '--seed', String(seed), '--from', String(start), '--count', String(count)];
    const child = fork(fileURLToPath(import.meta.url), args);
    let at = start;
    let done = false;
    let why;
    let heard = performance.now() + 20_000; // it has to load the library first
    const timer = setInterval(() => {
      if (performance.now() - heard < patience) return;
      why = 'hangs';
      child.kill('SIGKILL');
    }, 500);
    child.on('message', message => {
      heard = performance.now();
      at = message.at ?? at;
      if (message.at > start && message.at % 10_000 === 0) console.log(`… ${message.at}`);
      done ||= message.done === true;
      if (message.finding) report(message.finding);
    });
    child.on('exit', (code, signal) => {
      clearInterval(timer);
      resolve(done ? undefined : { at, why: why ?? `dies: ${signal ?? `exit code ${code}`}` });
    });
  });
}

async function supervise() {
  checkNode();
  await packages();
  await kernel();
  const began = performance.now();
  let failed = 0;
  const report = finding => {
    failed++;
    console.log(JSON.stringify(finding));
  };
  for (let start = from; start < count;) {
    const end = await watch(start, report);
    if (!end) break;
    report({ case: end.at, what: end.why });
    start = end.at + 1;
  }
  console.log(`${count - from} damaged files in ${seconds(performance.now() - began)}, ${failed} findings`);
  return failed ? 1 : 0;
}

async function wire() {
  checkNode();
  await packages();
  await kernel();
  return fuzzWire({ count, seed });
}

if (values.child) await work();
else await main(positionals.includes('wire') ? wire : supervise);
