/** Promise: charts and grids are readable in light and in dark, and follow the theme without being run again. */
import { expect, test } from '@jupyterlab/galata';
import { cell, chart, grid, notebook, open, shot } from '../notebooks.ts';

test('charts and grids stay readable when the theme turns dark', async ({ page, tmpPath }) => {
  const saved = notebook(
    cell("plot.line(channels, activations, { title: 'What conv3 makes of one picture' })", chart()),
    cell("await viz.feature(model, 'conv3', { channels: 10 })", grid()),
  );
  const panel = await open(page, tmpPath, 'appearance.ipynb', saved);
  const title = panel.locator('.nb-Chart .gtitle');
  await expect(title).toBeVisible();
  await expect(panel.locator('.nb-Cell img')).toHaveCount(10);
  await page.sidebar.close();
  await page.waitForTimeout(300);
  await page.screenshot(shot('appearance-light'));

  const light = await title.evaluate(node => getComputedStyle(node).fill);
  await page.theme.setDarkTheme();
  await expect.poll(() => title.evaluate(node => getComputedStyle(node).fill)).not.toBe(light);
  await page.waitForTimeout(300);
  await page.screenshot(shot('appearance-dark'));
});
