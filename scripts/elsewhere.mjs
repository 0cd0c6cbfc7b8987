/**
 * `npm run elsewhere`: the guide of views in Notebook 7 and in JupyterLite, opened in a real browser. By hand, since it installs
 * both (a minute, once); JupyterLab itself is what `npm test` opens.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browser } from './setup/browser.mjs';
import { cache, kernelCli, nodeScript, root } from './setup/place.mjs';
import { setUp } from './setup/index.mjs';
import { venv } from './setup/python.mjs';
import { attempt, main, run, step } from './setup/step.mjs';

const minimum = 310;
const home = join(cache, 'elsewhere');
const environment = join(root, '.venv-elsewhere');
const guide = '05-views.ipynb';

/** A folder that both serve, and JupyterLite as files around it. */
async function lite(python) {
  const files = join(home, 'files');
  const extension = join(environment, 'share', 'jupyter', 'labextensions', 'neuronbook-lab');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(files, { recursive: true });
  cpSync(join(root, 'notebooks', 'guide', guide), join(files, guide));
  cpSync(join(root, 'kernel', 'zoo', 'textures', 'textures.onnx'), join(files, 'textures.onnx'));
  const LiteBuildConfig = {
    federated_extensions: [extension],
    ignore_sys_prefix: ['federated_extensions'],
    contents: [files],
    output_dir: join(home, 'lite'),
    apps: ['lab'],
    no_sourcemaps: true,
  };
  writeFileSync(join(home, 'jupyter_lite_config.json'), JSON.stringify({ LiteBuildConfig }));
  await step('building JupyterLite', () => run(python, ['-m', 'jupyterlite_core', 'build'], { cwd: home }));
}

await main(async () => {
  await setUp({ python: minimum });
  await browser();
  const label = 'making .venv-elsewhere';
  const python = await venv('.venv-elsewhere', 'requirements-elsewhere.txt', { label, minimum });
  await run(process.execPath, [kernelCli, 'install', '--prefix', environment]);
  await lite(python);
  const args = [nodeScript('@playwright', 'test', 'cli.js'), 'test', '-c', 'ui-tests/elsewhere.config.js'];
  const env = { ...process.env, NEURONBOOK_PYTHON: python };
  return (await attempt(process.execPath, args, { show: true, env })).code;
});
