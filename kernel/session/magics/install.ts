/** `%install`: packages from npm, into the notebook's folder. */
import type { Magic } from '../magic.ts';
import { npmInstall } from '../npm.ts';

export default {
  usage: '%install NAME[@VERSION] … [--save-dev]',
  about: "installs packages from npm into the notebook's folder and notes them in its package.json",
  async line(text, cell) {
    const wanted = text.match(/[^\s"']+|"[^"]*"|'[^']*'/g)?.map(word => word.replace(/^(["'])(.*)\1$/, '$2'));
    if (!wanted?.some(word => !word.startsWith('-')))
      throw new Error('no package named; write %install NAME');
    await npmInstall(wanted, cell.folder);
  },
} satisfies Magic;
