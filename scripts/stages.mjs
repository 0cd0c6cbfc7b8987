/** The stages of `npm test`, in order; each resolves to { passed, failed } as its own report counts them. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countPlaywright, countTap, countUnittest, countVitest, sum } from './setup/count.mjs';
import { isolated, runNotebooks } from './setup/notebooks.mjs';
import { cache, nodeScript, root, venvPython } from './setup/place.mjs';
import { filesUnder } from './setup/stamp.mjs';
import { attempt, step } from './setup/step.mjs';

const reports = join(cache, 'reports');

/** An old report must not be counted when a tool dies before it writes its own. */
function freshReport(name) {
  const path = join(reports, name);
  mkdirSync(reports, { recursive: true });
  rmSync(path, { force: true });
  return path;
}

const readReport = path => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** A tool without counts: one passed or one failed, its output shown where it failed. */
async function tool(label, script, args, env) {
  const failure = await step(label, async () => {
    const { code, output } = await attempt(process.execPath, [script, ...args], { env });
    return code === 0 ? undefined : output;
  });
  if (failure === undefined) return { passed: 1, failed: 0 };
  console.log(`failed: ${label}\n${failure}`);
  return { passed: 0, failed: 1 };
}

const tsc = nodeScript('typescript', 'bin', 'tsc');
const projects = ['kernel', '.', 'ui-tests', 'bench'].filter(folder =>
  existsSync(join(root, folder, 'tsconfig.json')),
);

async function check(env) {
  const results = [];
  for (const folder of projects)
    results.push(await tool(`types of ${folder}`, tsc, ['-p', folder, '--noEmit'], env));
  results.push(
    await tool('eslint', nodeScript('eslint', 'bin', 'eslint.js'), ['.', '--max-warnings=0'], env),
  );
  results.push(await tool('prettier', nodeScript('prettier', 'bin', 'prettier.cjs'), ['--check', '.'], env));
  // writes nothing: a reference that could not be made, or lacks what a comment promises, fails
  const typedoc = ['--emit', 'none', '--treatWarningsAsErrors'];
  results.push(
    await tool('the reference of docs/api', nodeScript('typedoc', 'bin', 'typedoc'), typedoc, env),
  );
  results.push(await scripts(env));
  return sum(results);
}

/** The tests of these scripts, by Node's own runner. */
async function scripts(env) {
  const files = filesUnder('scripts').filter(file => file.endsWith('.test.mjs'));
  const { code, output } = await step('tests of the scripts', () =>
    attempt(process.execPath, ['--test', '--test-reporter=tap', ...files], { env }),
  );
  if (code !== 0) console.log(output);
  return countTap(output, code);
}

/** vitest in the kernel; `paths` are its filters, `without` are folders left out, `config` another file of settings. */
async function vitest(name, { paths = [], without = [], config }, env) {
  const report = freshReport(`${name}.json`);
  const args = [
    'run',
    '--root',
    'kernel',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  if (config) args.push('--config', config);
  for (const folder of without) args.push('--exclude', `${folder}/**`);
  const { code } = await attempt(process.execPath, [nodeScript('vitest', 'vitest.mjs'), ...args, ...paths], {
    show: true,
    env,
  });
  return countVitest(readReport(report), code);
}

/** The folders whose tests start processes and speak over sockets. */
const protocol = ['wire', 'language', 'session', 'cli'];

/** The operators once more on WebAssembly, as a browser runs them. */
const web = { paths: ['engine/ops/', 'engine/second-order'], config: 'vitest.web.config.ts' };

const unit = async env =>
  sum([await vitest('unit', { without: protocol }, env), await vitest('unit-web', web, env)]);

async function unittest(file, env) {
  const args = ['-m', 'unittest', '-v', file.replace(/\.py$/, '').split('/').at(-1)];
  const cwd = join(root, file, '..');
  const timeout = 15 * 60_000; // a kernel that never answers is waited for message by message
  const { code, output } = await attempt(venvPython('.venv'), args, { cwd, env: isolated(env), timeout });
  process.stdout.write(output);
  return countUnittest(output, code);
}

async function kernel(env) {
  const folders = protocol.filter(folder =>
    filesUnder(`kernel/${folder}`).some(file => file.endsWith('.test.ts')),
  );
  const results = [await vitest('kernel', { paths: folders.map(folder => `${folder}/`) }, env)];
  for (const file of filesUnder('kernel/session').filter(name => name.endsWith('_test.py')))
    results.push(await unittest(file, env));
  return sum(results);
}

/** The tour of the README as a notebook of one cell: what is shown to newcomers has to run. */
function readmeTour() {
  const [, source] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'));
  const cell = { cell_type: 'code', execution_count: null, id: 'tour', metadata: {}, outputs: [], source };
  const file = join('.cache', 'tour', 'README.ipynb');
  mkdirSync(join(root, '.cache', 'tour'), { recursive: true });
  const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(join(root, file), JSON.stringify(notebook));
  return file;
}

function notebooks(env) {
  const files = filesUnder('notebooks').filter(file => file.endsWith('.ipynb'));
  return runNotebooks([...files, readmeTour()], { env });
}

async function browser(env) {
  const report = freshReport('browser.json');
  const args = [
    nodeScript('@playwright', 'test', 'cli.js'),
    'test',
    '-c',
    'ui-tests',
    '--reporter=list,json',
  ];
  const { code } = await attempt(process.execPath, args, {
    show: true,
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  return countPlaywright(readReport(report), code);
}

/** In the order in which they run. */
export const stages = { check, unit, kernel, notebooks, browser };
