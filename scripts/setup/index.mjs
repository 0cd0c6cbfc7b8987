/** The set-up that every command shares; each part returns at once where nothing changed. */
import { extension, install, kernel } from './build.mjs';
import { checkNode, packages } from './packages.mjs';
import { checkPython, oldest, venv } from './python.mjs';

export async function setUp({ python = oldest } = {}) {
  checkNode();
  await checkPython(python);
  await packages();
  await kernel();
  await extension();
  await venv('.venv', 'requirements.txt', { label: 'making .venv with JupyterLab' });
  await install();
}
