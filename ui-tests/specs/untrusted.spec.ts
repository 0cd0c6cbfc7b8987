/** Promise: a notebook from somebody else, not trusted yet, shows its pictures; trusting is for running code. */
import { expect } from '@jupyterlab/galata';
import { open, shot, test, trusted } from '../lab.ts';
import { cell, chart, grid, notebook } from '../notebooks.ts';

test('a saved notebook that is not trusted shows its pictures each time it is opened', async ({
  page,
  tmpPath,
}) => {
  const saved = notebook(cell('chart', chart()), cell('grid', grid({ count: 4 })));
  for (const time of ['first', 'second']) {
    const panel = await open(page, tmpPath, `${time}.ipynb`, saved);
    await expect(panel.locator('.nb-Chart .scatterlayer .trace')).toHaveCount(2);
    await expect(panel.locator('.nb-Cell img')).toHaveCount(4);
    const shown = await panel
      .locator('.nb-Cell img')
      .evaluateAll(images =>
        Promise.all(
          images.map(
            async image => (
              await (image as HTMLImageElement).decode(),
              (image as HTMLImageElement).naturalWidth
            ),
          ),
        ),
      );
    expect(shown).toEqual([48, 48, 48, 48]);
    expect(await trusted(page)).toEqual([false, false]);
    if (time === 'first') await panel.screenshot(shot('untrusted-light'));
    await page.notebook.save();
    await page.notebook.close();
  }
});
