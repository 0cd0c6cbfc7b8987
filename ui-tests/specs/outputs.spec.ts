/**
 * Promise: what a cell shows can be saved as a picture, a drawing, rows and data, opened in a tab and compared, from its
 * context menu; and the launcher begins a notebook on a network.
 */
import { readFileSync } from 'node:fs';
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import { open, shot, test } from '../lab.ts';
import { cell, chart, grid, notebook } from '../notebooks.ts';

const drawing = {
  'image/svg+xml':
    '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40"/></svg>',
  'text/html': '<table><tr><th>name</th><th>n</th></tr><tr><td>a "b", c</td><td>1</td></tr></table>',
  'text/plain': 'a drawing',
};

/** Chooses from the context menu of an output. */
async function choose(page: IJupyterLabPageFixture, output: number, item: string): Promise<void> {
  const shown = page.locator('.jp-NotebookPanel .jp-OutputArea-output').nth(output);
  await shown.click({ button: 'right', position: { x: 30, y: 12 } });
  const choice = (name: string) => page.locator('.lm-Menu-item', { hasText: name });
  await choice('Save or Compare Output').click();
  await choice(item).click();
}

test('outputs are saved, opened and compared', async ({ page, tmpPath }) => {
  const saved = async (output: number, item: string) => {
    const [file] = await Promise.all([page.waitForEvent('download'), choose(page, output, item)]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
  };
  await page
    .getByRole('button', { name: 'A Network' })
    .or(page.locator('.jp-LauncherCard', { hasText: 'A Network' }))
    .first()
    .waitFor();
  await open(
    page,
    tmpPath,
    'outputs.ipynb',
    notebook(cell('a', chart()), cell('b', drawing), cell('c', grid())),
  );
  await expect(page.locator('.js-plotly-plot')).toBeVisible();

  const rows = await saved(0, 'Save Output as CSV');
  expect(rows.name).toBe('What-conv3-makes-of-one-picture.csv');
  expect(rows.bytes.toString().split('\r\n').slice(0, 2)).toEqual([
    'trace,x,y,z',
    expect.stringMatching(/^stripes,0,[\d.]+,$/),
  ]);
  expect((await saved(1, 'Save Output as SVG')).bytes.toString()).toBe(drawing['image/svg+xml']);
  expect((await saved(1, 'Save Output as CSV')).bytes.toString()).toBe('name,n\r\n"a ""b"", c",1\r\n');
  const png = await saved(1, 'Save Output as PNG');
  expect([png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)]).toEqual([160, 80]);
  const json = await saved(2, 'Save Output as JSON');
  expect(JSON.parse(json.bytes.toString())).toMatchObject({ version: 1, view: 'feature-grid' });

  await choose(page, 2, 'Compare Output Side by Side');
  const copies = page.locator('.nb-Copies-one');
  await expect(copies).toHaveCount(1);
  await choose(page, 0, 'Compare Output Side by Side');
  await expect(copies).toHaveCount(2);
  await expect(copies.nth(0).locator('img').first()).toBeVisible();
  await expect(copies.nth(1).locator('.js-plotly-plot')).toBeVisible();
  await page.screenshot(shot('outputs-compared'));
  await copies
    .nth(1)
    .getByRole('button', { name: /^Remove / })
    .click();
  await expect(copies).toHaveCount(1);
});
