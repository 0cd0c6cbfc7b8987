/** Promise: while an ascent runs its pictures change in place: nothing moves, nothing is drawn anew. */
import { expect, galata } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';
import { type Lab, open, shot, test } from '../lab.ts';
import { cell, grid, notebook, type GridOptions } from '../notebooks.ts';

/** What `update_display_data` does to an output that is already on the page. */
const update = (page: Page, options: GridOptions) =>
  page.evaluate(
    data => {
      const { jupyterapp } = window as unknown as { jupyterapp: Lab };
      const { outputArea } = jupyterapp.shell.currentWidget.content.widgets[0];
      outputArea.model.set(0, { output_type: 'display_data', data, metadata: {} });
    },
    grid(options) as Record<string, string>,
  );

test('a running grid changes in place', async ({ page, tmpPath }) => {
  const running = { count: 8, state: 'running' } as const;
  const panel = await open(
    page,
    tmpPath,
    'updates.ipynb',
    notebook(cell('run', grid({ ...running, step: 0 })), cell('next')),
  );
  const state = panel.locator('.nb-FeatureGrid-state');
  const view = panel.locator('.nb-FeatureGrid');
  await expect(state).toHaveText('step 0 of 256');
  const first = await view.elementHandle();
  const height = (await view.boundingBox())!.height;
  const picture = panel.locator('.nb-Cell img').first();
  const atStart = await picture.getAttribute('src');

  await update(page, { ...running, step: 80 });
  await expect(state).toHaveText('step 80 of 256');
  await expect(panel.getByRole('progressbar', { name: 'steps done' })).toHaveAttribute('aria-valuenow', '80');
  await expect(picture).not.toHaveAttribute('src', atStart!);
  await panel.screenshot(shot('running-light'));

  await panel.locator('.nb-Cell-picture').nth(4).click();
  const zoom = page.getByRole('dialog');
  await update(page, { ...running, step: 160 });
  await expect(zoom.locator('.nb-Zoom-note')).toContainText('step 160 of 256');
  await page.keyboard.press('Escape');

  await update(page, { count: 8, state: 'done' });
  await expect(state).toHaveText('256 steps');
  await expect(panel.getByRole('status')).toHaveText('conv3: 256 steps');
  expect(await first!.evaluate(node => node.isConnected)).toBe(true);
  expect((await view.boundingBox())!.height).toBe(height);
});

test.describe('with settings of one’s own', () => {
  const own = { pictureSize: 64, showCurves: false, pixelated: 'always' };
  test.use({ mockSettings: { ...galata.DEFAULT_SETTINGS, 'neuronbook-lab:plugin': own } });

  test('the person’s settings are followed', async ({ page, tmpPath }) => {
    const panel = await open(page, tmpPath, 'settings.ipynb', notebook(cell('small', grid())));
    const picture = panel.locator('.nb-Cell img').first();
    await expect(panel.locator('.nb-Sparkline').first()).toBeHidden();
    await expect(picture).toHaveCSS('image-rendering', 'pixelated');
    // the ten of them share the row's spare room, up to half their size
    const { width } = (await picture.boundingBox())!;
    expect(width).toBeGreaterThanOrEqual(64);
    expect(width).toBeLessThanOrEqual(96);
    await panel.screenshot(shot('settings-small'));
  });
});
