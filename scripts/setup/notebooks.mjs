/** Runs notebooks headless through the kernel installed in .venv: a Python helper executes, this side prints and counts. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cache, root, venvPython } from './place.mjs';

/** Jupyter's own folders inside the cache: nothing of the user's home changes what a run gives. */
export function isolated(env) {
  const home = join(cache, 'jupyter');
  mkdirSync(home, { recursive: true });
  return {
    ...env,
    JUPYTER_CONFIG_DIR: join(home, 'config'),
    JUPYTER_DATA_DIR: join(home, 'data'),
    JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
    IPYTHONDIR: join(home, 'ipython'),
  };
}

/**
 * Files as { passed, failed, notebooks }. `out` or `inplace` keep the executed copies, `full` runs at full scale,
 * `jobs` notebooks run at a time, a cell gets `timeout` seconds; `cells` prints what each cell took.
 */
export async function runNotebooks(files, options = {}) {
  const { env = process.env, out, inplace = false, full = false, jobs = 1, timeout, cells = false } = options;
  const notebooks = new Map(files.map(file => [file, { file, cells: [] }]));
  const count = failed => [...notebooks.values()].filter(({ error }) => (error !== null) === failed).length;
  if (files.length === 0) return { passed: 0, failed: 0, notebooks: [] };
  const scaled = { ...isolated(env), PYTHONUNBUFFERED: '1' };
  if (full) delete scaled.NEURONBOOK_SCALE;
  else scaled.NEURONBOOK_SCALE = 'test';
  const args = [join(root, 'scripts', 'setup', 'execute.py'), '--jobs', String(jobs)];
  if (inplace) args.push('--inplace');
  else if (out) args.push('--out', out);
  if (timeout) args.push('--timeout', String(timeout));
  const child = spawn(venvPython('.venv'), [...args, '--', ...files], {
    cwd: root,
    env: scaled,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

  for await (const line of createInterface({ input: child.stdout })) {
    const { file, ...event } = JSON.parse(line);
    const notebook = notebooks.get(file);
    if (event.cell) {
      notebook.cells.push(event);
      if (cells) console.log(cellLine(event, jobs > 1 ? file : ''));
      continue;
    }
    Object.assign(notebook, event);
    console.log(
      `  ${event.error ? 'failed' : 'passed'}${`${event.seconds.toFixed(1)} s`.padStart(9)}  ${file}`,
    );
    if (event.error) console.log(event.error.replace(/^/gm, '    '));
  }
  // one that was never heard of has not passed
  return { passed: count(false), failed: count(true), notebooks: [...notebooks.values()] };
}

/** `  3/12     1.24 s  const model = await load('zoo:textures')`, with the notebook where several run at a time. */
function cellLine({ cell, of, seconds, line }, file) {
  const place = `${String(cell).padStart(String(of).length)}/${of}`;
  return `    ${file}${file && '  '}${place}${`${seconds.toFixed(2)} s`.padStart(11)}  ${line.slice(0, 70)}`;
}
