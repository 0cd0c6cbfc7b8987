/** Promise: pictures change while they form, and Interrupt keeps what there is, in words and in the kernel. */
import { expect } from '@jupyterlab/galata';
import { open, shot, test } from '../lab.ts';
import { cell, notebook } from '../notebooks.ts';

// Galata reads each answer of the kernels API as JSON, and that to an interrupt is empty
test.use({ kernels: null });

test('an ascent is watched, interrupted, and its pictures stay', async ({ page, tmpPath }) => {
  test.setTimeout(180_000);
  const panel = await open(
    page,
    tmpPath,
    'live.ipynb',
    notebook(
      cell(
        "import { load, viz } from 'neuronbook';\n" +
          "const model = await load('zoo:textures');\n" +
          "const seen = await viz.feature(model, 'conv3', { channels: [0, 1, 2, 3], steps: 50000 });",
      ),
      cell('`${seen.interrupted} after ${seen.curves[0].length > 0}`'),
    ),
  );
  await page.menu.clickMenuItem('Run>Run Selected Cell');
  const grid = panel.locator('.nb-FeatureGrid');
  await expect(grid).toHaveAttribute('data-state', 'running', { timeout: 90_000 });
  const picture = grid.locator('img').first();
  const atFirst = await picture.getAttribute('src');
  await expect(picture).not.toHaveAttribute('src', atFirst!);
  await expect(grid.locator('.nb-FeatureGrid-state')).toHaveText(/^step \d+ of 50000$/);
  await panel.screenshot(shot('live-running'));

  await page.menu.clickMenuItem('Kernel>Interrupt Kernel');
  await expect(grid.locator('.nb-FeatureGrid-state')).toHaveText(/^interrupted at step \d+ of 50000$/);
  await expect(grid.locator('img')).toHaveCount(4);
  await panel.screenshot(shot('live-interrupted'));

  // the kernel lives on, with what the ascent had found
  await page.notebook.runCell(1);
  await expect(panel.locator('.jp-OutputArea-output').last()).toHaveText("'true after true'");
});
