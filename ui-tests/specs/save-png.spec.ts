/** Promise: a picture, and a whole grid, can be kept as a PNG file. */
import { readFile } from 'node:fs/promises';
import { expect } from '@jupyterlab/galata';
import type { Download, Page } from '@playwright/test';
import { open, shot, test } from '../lab.ts';
import { cell, grid, notebook } from '../notebooks.ts';

/** Name and size of the PNG that `act` makes the browser download. */
async function saved(page: Page, act: () => Promise<void>, keep?: string) {
  const [download]: [Download, void] = await Promise.all([page.waitForEvent('download'), act()]);
  const bytes = await readFile(await download.path());
  if (keep) await download.saveAs(shot(keep).path);
  expect(bytes.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  return {
    name: download.suggestedFilename(),
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
  };
}

test('one picture, and the whole grid, are saved as PNG', async ({ page, tmpPath }) => {
  const panel = await open(
    page,
    tmpPath,
    'save.ipynb',
    notebook(cell('save', grid({ options: { columns: 5 } }))),
  );
  const first = panel.locator('.nb-Cell').nth(3);
  await first.hover();
  await panel.screenshot(shot('grid-hover'));
  const one = await saved(page, () => first.getByRole('button', { name: 'Save picture as PNG' }).click());
  expect(one).toEqual({ name: 'conv3-channel-3.png', width: 48, height: 48 });

  const all = await saved(
    page,
    () => panel.getByRole('button', { name: 'Save all pictures as one PNG' }).click(),
    'saved-grid',
  );
  expect(all.name).toBe('conv3.png');
  // five pictures of 192 in a row, at two device pixels each
  expect(all.width).toBeGreaterThan(2 * 5 * 192);
  expect(all.width).toBeLessThan(2 * 6 * 192);

  await panel.locator('.nb-Cell-picture').nth(7).click();
  const zoomed = await saved(page, () => page.getByRole('dialog').getByText('Save as PNG').click());
  expect(zoomed.name).toBe('conv3-channel-7.png');
});
