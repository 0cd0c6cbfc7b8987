/**
 * The kernel beside ipykernel, tslab and Deno, over their protocol and with one client (`peers/kernels.py`): start, a
 * cell, completion and inspection after a hundred cells, a comm's 50 MB echo, 10⁵ lines and an answer meanwhile, and
 * memory. `goal_ms` is what we hold ourselves to, whatever the peers do. Deno comes into this bench's own folder on
 * first use.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from './compare.js';

const DENO = '2.9.6';
const require = createRequire(import.meta.url);
const cache = dirname(dirname(fileURLToPath(import.meta.url)));
const packageFolder = (name: string) => dirname(require.resolve(`${name}/package.json`));

/** The npm package of Deno, in `.cache/bench-peers`. */
function deno(): string {
  const folder = join(cache, 'bench-peers');
  const entry = join(folder, 'node_modules', 'deno', 'bin.cjs');
  if (existsSync(entry)) return entry;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const windows = process.platform === 'win32';
  const args = ['install', `deno@${DENO}`, '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  execFileSync(windows ? 'npm.cmd' : 'npm', args, { cwd: folder, shell: windows, stdio: 'inherit' });
  return entry;
}

const python = process.env.NEURONBOOK_BENCH_PYTHON ?? 'python3';
const connection = '{connection_file}';
const node = (...args: string[]) => [process.execPath, ...args];
const kernels = [
  {
    name: 'neuronbook',
    argv: node(join(packageFolder('neuronbook'), 'dist', 'main.js'), connection),
    language: 'typescript',
    comms: true,
  },
  {
    name: 'ipykernel',
    argv: [python, '-m', 'ipykernel_launcher', '-f', connection],
    language: 'python',
    comms: true,
  },
  {
    name: 'Deno',
    argv: node(deno(), 'jupyter', '--kernel', '--conn', connection),
    language: 'typescript',
    comms: false, // it broadcasts and does not receive
  },
  {
    name: 'tslab',
    argv: node(join(packageFolder('tslab'), 'bin', 'tslab'), 'kernel', `--config-path=${connection}`),
    language: 'typescript',
    comms: false,
  },
];

type Found = Record<string, number | null | undefined>;
const script = join(dirname(cache), 'bench', 'peers', 'kernels.py');
const told = execFileSync(python, [script, JSON.stringify(kernels)], {
  encoding: 'utf8',
  timeout: 3_600_000,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const found = JSON.parse(told) as Record<string, Found>;
const measures = {
  info: 'kernel: cold start to kernel_info_reply',
  first: 'kernel: cold start to the end of the first cell',
  cell: 'kernel: 1+1',
  complete: 'kernel: completion at 100 cells',
  complete_typed: 'kernel: completion at 100 cells, key after key',
  inspect: 'kernel: inspection at 100 cells',
  inspect_typed: 'kernel: inspection at 100 cells, key after key',
  lines: 'kernel: 100 000 lines',
  meanwhile: 'kernel: an answer while the lines go out',
  echo: 'kernel: comm echo of 50 MB',
};
const goals: Record<string, number> = {
  complete: 10,
  complete_typed: 10,
  inspect: 10,
  inspect_typed: 10,
  lines: 2000,
  meanwhile: 100,
  echo: 300,
};
const { neuronbook: ours, ...peers } = found;
for (const [key, name] of Object.entries(measures))
  for (const [peerName, theirs] of Object.entries(peers)) {
    const [mine, other] = [ours[key], theirs[key]];
    const goal = key in goals ? { goal_ms: goals[key] } : {};
    if (mine && other) report(name, mine, peerName, other, goal);
  }
for (const [key, name] of [
  ['memory_start', 'at start'],
  ['memory_many', 'after 1 000 more cells'],
])
  process.stdout.write(
    `${JSON.stringify({
      name: `kernel: memory ${name}`,
      mb: Object.fromEntries(
        Object.entries(found).map(([kernel, values]) => [kernel, Math.round(values[key] ?? 0)]),
      ),
    })}\n`,
  );
