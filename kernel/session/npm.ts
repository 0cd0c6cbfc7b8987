/** npm, run for a notebook: what it fetches is told while it fetches, what goes wrong in its own words. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InterruptError } from '../base/errors.ts';
import { host } from '../base/host.ts';
import { display } from '../display/display.ts';
import { durationOf } from './duration.ts';

/** Installs into `folder` itself, also where a folder above it is a project. */
export async function npmInstall(packages: readonly string[], folder: string): Promise<void> {
  const names = packages.filter(word => !word.startsWith('-')).join(' ');
  const since = Date.now();
  const shown = display(line(`installing ${names} …`));
  let fetched = 0;
  const { code, output, problems } = await run(
    ['install', ...packages, '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=http'],
    folder,
    url => {
      const seconds = durationOf(Date.now() - since);
      shown.update(line(`installing ${names} … ${++fetched} fetched, ${seconds}: ${nameOf(url)}`));
    },
  );
  if (code) {
    shown.update(line(`not installed: ${names}`));
    throw new Error(`npm could not install ${names}: ${problems || `exit code ${code}`}`);
  }
  const summary = output.trim().split('\n').at(-1) ?? '';
  shown.update(line(`installed ${names} into ${folder}${summary && `: ${summary}`}`));
}

interface Outcome {
  code: number | null;
  output: string;
  problems: string;
}

function run(args: readonly string[], cwd: string, onFetch: (url: string) => void): Promise<Outcome> {
  const [program, first] = npm();
  const child = spawn(program, [...first, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    for (const [, url] of text.matchAll(/^npm http fetch \S+ \d+ (\S+)/gm)) onFetch(url);
  });
  return new Promise((resolve, reject) => {
    child.once('error', error =>
      reject(new Error(`npm did not start: ${error.message}; it comes with Node, see https://nodejs.org`)),
    );
    child.once('close', code => {
      if (host().interrupted) reject(new InterruptError('interrupted'));
      else resolve({ code, output, problems: problemsIn(log) });
    });
  });
}

/** The npm that came with this Node, else the one on the path. */
function npm(): [program: string, args: string[]] {
  const bin = dirname(process.execPath);
  const places = [
    join(bin, '../lib/node_modules/npm/bin/npm-cli.js'),
    join(bin, 'node_modules/npm/bin/npm-cli.js'),
  ];
  const found = places.find(path => existsSync(path));
  return found ? [process.execPath, [found]] : ['npm', []];
}

/** What npm says of an error, without its prefixes, its codes and where its log lies. */
function problemsIn(log: string): string {
  const lines = [...log.matchAll(/^npm (?:error|ERR!) (.*)$/gm)].map(([, text]) => text);
  const code = lines.find(text => text.startsWith('code '))?.slice('code '.length) ?? '';
  // `npm error enoent …`, `npm error notarget …`, `npm error 404 …`: the code again in front of each line
  const prefix = new RegExp(`^(?:${code}|${code.slice(1)}|not${code.slice(2)})(?: |$)`, 'i');
  return lines
    .map(text => text.replace(prefix, '').trim())
    .filter(
      text => text && !/^(code|errno|syscall|path|A complete log|\/|Note that|This is related)/.test(text),
    )
    .slice(0, 4)
    .join('\n');
}

const nameOf = (url: string): string => decodeURIComponent(/^https?:\/\/[^/]+\/(.*)$/.exec(url)?.[1] ?? url);

/** Text that shows without quotes. */
const line = (text: string) => ({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': text }) });
