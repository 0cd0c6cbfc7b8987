/**
 * Promise: the first guide runs from top to bottom in a real JupyterLab and shows charts and pictures; the kernel
 * restarts and runs again; and the saved notebook, opened as somebody else's, still shows its pictures.
 */
import { readFile } from 'node:fs/promises';
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { errors, open, shot, test, trusted } from '../lab.ts';

const file = '01-what-a-channel-sees.ipynb';
const guide = new URL(`../../notebooks/guide/${file}`, import.meta.url);

interface Notebook {
  cells: { cell_type: string; id: string; metadata: object; source: string | string[]; outputs?: object[] }[];
}

/** Starts all cells and waits until the kernel has none left; the run may take minutes. */
async function runAll(page: IJupyterLabPageFixture, panel: Locator): Promise<void> {
  await page.menu.clickMenuItem('Run>Run All Cells');
  const waiting = panel.locator('.jp-InputPrompt', { hasText: '[*]:' });
  await expect(waiting).not.toHaveCount(0);
  await expect(waiting).toHaveCount(0, { timeout: 240_000 });
}

test('the guide runs, the kernel restarts, and the saved notebook shows its pictures to others', async ({
  page,
  tmpPath,
}) => {
  test.setTimeout(10 * 60_000);
  const source = JSON.parse(await readFile(guide, 'utf8')) as Notebook;
  for (const cell of source.cells) if (cell.outputs) cell.outputs = [];
  const panel = await open(page, tmpPath, file, source);
  await page.sidebar.close();
  await expect(panel.locator('.jp-Toolbar-kernelName')).toHaveText(/neuronbook/i);

  await runAll(page, panel);
  expect(await errors(page)).toEqual([]);
  const charts = panel.locator('.nb-Chart .main-svg[role=img]');
  const grids = panel.locator('.nb-FeatureGrid[data-state=done]');
  const pictures = grids.locator('.nb-Cell img');
  await expect(charts).not.toHaveCount(0);
  await expect(grids).not.toHaveCount(0);
  await expect(panel.locator('.nb-FeatureGrid[data-state=running]')).toHaveCount(0);
  const [chartCount, pictureCount] = [await charts.count(), await pictures.count()];
  expect(pictureCount).toBeGreaterThan(1);
  await page.setViewportSize({ width: 1280, height: 6000 });
  await panel.locator('.jp-Notebook-cell').first().scrollIntoViewIfNeeded();
  await page.waitForTimeout(1000);
  await page.screenshot(shot('guide-whole-light'));
  await page.setViewportSize({ width: 1280, height: 900 });
  await charts.first().scrollIntoViewIfNeeded();
  await page.screenshot(shot('guide-chart-light'));
  await grids.first().scrollIntoViewIfNeeded();
  await page.screenshot(shot('guide-grid-light'));
  await page.theme.setDarkTheme();
  await page.waitForTimeout(500);
  await page.screenshot(shot('guide-grid-dark'));
  await charts.first().scrollIntoViewIfNeeded();
  await page.screenshot(shot('guide-chart-dark'));
  await page.theme.setLightTheme();

  // a restarted kernel has forgotten its variables and runs the guide's first cells again
  await page.menu.clickMenuItem('Kernel>Restart Kernel…');
  await page.getByRole('button', { name: 'Confirm Kernel Restart' }).click();
  await expect(panel.locator('.jp-InputPrompt', { hasText: /\[\d+\]/ })).not.toHaveCount(0);
  await page.notebook.selectCells(source.cells.findIndex(cell => cell.cell_type === 'code'));
  await page.notebook.runCell(source.cells.findIndex(cell => cell.cell_type === 'code'));
  await expect(panel.locator('.jp-InputPrompt', { hasText: '[1]:' })).not.toHaveCount(0);
  expect(await errors(page)).toEqual([]);
  await expect(pictures).toHaveCount(pictureCount);

  // somebody else's copy: other content than was signed here, so nothing in it is trusted
  await page.notebook.save();
  const response = await page.request.get(`/api/contents/${tmpPath}/${file}?content=1`);
  const { content } = (await response.json()) as { content: Notebook };
  content.cells.push({
    cell_type: 'markdown',
    id: 'greeting',
    metadata: {},
    source: 'Greetings from another machine.',
  });
  const copy = await open(page, tmpPath, 'from-somebody-else.ipynb', content);
  await expect(copy.locator('.nb-Cell img')).toHaveCount(pictureCount);
  await expect(copy.locator('.nb-Chart .main-svg[role=img]')).toHaveCount(chartCount);
  expect(await trusted(page)).toContain(false);
  await copy.locator('.nb-FeatureGrid').first().scrollIntoViewIfNeeded();
  await page.screenshot(shot('guide-untrusted'));
});
