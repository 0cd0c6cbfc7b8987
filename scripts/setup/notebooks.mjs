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

/** Files as { passed, failed }; `out` or `inplace` keep the executed copies, `full` runs at full scale. */
export async function runNotebooks(files, { env = process.env, out, inplace = false, full = false } = {}) {
  const result = { passed: 0, failed: 0 };
  if (files.length === 0) return result;
  const scaled = { ...isolated(env), PYTHONUNBUFFERED: '1' };
  if (full) delete scaled.NEURONBOOK_SCALE;
  else scaled.NEURONBOOK_SCALE = 'test';
  const keep = inplace ? ['--inplace'] : out ? ['--out', out] : [];
  const args = [join(root, 'scripts', 'setup', 'execute.py'), ...keep, ...files];
  const child = spawn(venvPython('.venv'), args, {
    cwd: root,
    env: scaled,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

  for await (const line of createInterface({ input: child.stdout })) {
    const { file, seconds, error } = JSON.parse(line);
    result[error ? 'failed' : 'passed']++;
    console.log(`  ${error ? 'failed' : 'passed'}${`${seconds.toFixed(1)} s`.padStart(9)}  ${file}`);
    if (error) console.log(error.replace(/^/gm, '    '));
  }
  const unheard = files.length - result.passed - result.failed;
  return { ...result, failed: result.failed + unheard };
}
