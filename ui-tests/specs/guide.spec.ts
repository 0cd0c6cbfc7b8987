/**
 * Promise: the first guide runs from top to bottom in a real JupyterLab and shows charts and pictures; the kernel
 * restarts and runs again; and the saved notebook, opened as somebody else's, still shows its pictures.
 */
import { readFile } from 'node:fs/promises';
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { errors, open, shot, test, trusted, type Lab } from '../lab.ts';

// Galata answers a restart as if a kernel had been made, JupyterLab takes that for a failure, and what waits is never sent
test.use({ kernels: null });

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

/** Restarts as the menu does; the command ends when the page is connected to the new kernel, and only then cells are run. */
async function restart(page: IJupyterLabPageFixture): Promise<void> {
  const restarted = page.evaluate(async () => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    await jupyterapp.commands.execute('notebook:restart-kernel', {});
  });
  await page.getByRole('button', { name: 'Confirm Kernel Restart' }).click();
  await restarted;
  await expect(page.locator('#jp-main-statusbar')).toContainText('Idle');
}

/** The whole guide on one long page, then its first chart and its first grid as a reader sees them. */
async function photograph(page: IJupyterLabPageFixture, panel: Locator, theme: string): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 7000 });
  await panel.locator('.jp-Notebook-cell').first().scrollIntoViewIfNeeded();
  await page.waitForTimeout(1000);
  await page.screenshot(shot(`guide-whole-${theme}`));
  await page.setViewportSize({ width: 1280, height: 900 });
  for (const [name, view] of [
    ['chart', '.nb-Chart'],
    ['grid', '.nb-FeatureGrid'],
  ]) {
    await panel.locator(view).first().scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
    await page.screenshot(shot(`guide-${name}-${theme}`));
  }
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
  // a value that has shown itself is not printed as well
  await expect(panel.getByText('Float32Array(')).toHaveCount(0);
  await photograph(page, panel, 'light');
  await page.theme.setDarkTheme();
  await photograph(page, panel, 'dark');
  await page.theme.setLightTheme();

  // a restarted kernel counts from one, has forgotten its variables, and runs the guide's first cells again
  await restart(page);
  const [first, second] = source.cells.flatMap((cell, i) => (cell.cell_type === 'code' ? [i] : []));
  const run = async (index: number, prompt: string) => {
    await page.notebook.runCell(index);
    await expect(panel.locator('.jp-Notebook-cell').nth(index).locator('.jp-InputPrompt')).toHaveText(prompt);
  };
  await run(second, '[1]:');
  expect(await errors(page)).toEqual([expect.stringContaining('is not defined')]);
  await run(first, '[2]:');
  await run(second, '[3]:');
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
