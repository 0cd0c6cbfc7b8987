/** The set-up that every command shares; each part returns at once where nothing changed. */
import { extension, install, kernel } from './build.mjs';
import { checkNode, packages } from './packages.mjs';
import { venv } from './python.mjs';

export async function setUp() {
  checkNode();
  await packages();
  await kernel();
  await extension();
  await venv('.venv', 'requirements.txt', { label: 'making .venv with JupyterLab' });
  await install();
}
