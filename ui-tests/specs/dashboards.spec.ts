/**
 * Promise: a dashboard of features is searched and its features are named by keyboard while the kernel runs; saved, it is
 * searched among what it holds and changes nothing; it and the sparsity board read in both themes and on a narrow page.
 */
import { expect } from '@jupyterlab/galata';
import { violations } from '../axe.ts';
import { open, runAll, shot, test, type Lab } from '../lab.ts';
import { cell, notebook } from '../notebooks.ts';

// Galata reads each answer of the kernels API as JSON, and stumbles over that to a restart
test.use({ kernels: null });

const features = `import { load, rng, sparsity, stories, transcoder } from 'neuronbook';
const model = await load('zoo:stories');
const { tokens } = stories.batch(rng('spec'), 12);
const [from, to] = ['blocks.1.mlp.in', 'blocks.1.mlp.out'];
const t = await transcoder.fit(model, { from, to, data: { tokens }, features: 192, architecture: transcoder.topK({ k: 12 }), steps: 60, batch: 512, live: false });
const top = await transcoder.topExamples(model, t, { tokens }, { top: 6, live: false });
await transcoder.dashboard(model, t, top, { inputs: { tokens }, show: { density: [0.001, 0.2], limit: 8 } })`;
const named = `top.names.table()`;
const board = `await sparsity.stats(model, { tokens }, { live: false })`;
const course = `await sparsity.course(new Map([[0, model], [10, model]]), { tokens }, { live: false })`;

test('features are searched and named, and the saved notebook reads on', async ({ page, tmpPath }) => {
  test.setTimeout(300_000);
  await page.setViewportSize({ width: 1200, height: 1900 });
  const cells = notebook(cell(features), cell(board), cell(course), cell(named));
  const panel = await open(page, tmpPath, 'dashboards.ipynb', cells);
  await page.sidebar.close();
  await runAll(page);
  const view = panel.locator('.nb-Features');
  const rows = view.locator('.nb-FeatureList').getByRole('option');
  await expect(rows).toHaveCount(8, { timeout: 120_000 });
  await expect(view.getByRole('status').first()).toHaveText('8 of 192 features are saved here');
  await expect(panel.locator('.nb-Sparsity')).toHaveCount(2, { timeout: 60_000 });

  // the list, then one feature, by keyboard
  await rows.first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(1)).toBeFocused();
  await expect(rows.nth(1)).toHaveAttribute('aria-selected', 'true');
  const number = (await rows.nth(1).locator('.nb-FeatureList-number').innerText()).slice(1);
  await expect(view.locator('.nb-Feature-number')).toHaveText(`#${number}`);
  await view.getByRole('listbox', { name: 'where feature' }).getByRole('option').nth(2).focus();
  await expect(view.locator('output')).toContainText(/position \d+$/);
  await panel.locator('.nb-Features').screenshot(shot('features-light'));

  // the search goes through all that the kernel has
  const search = view.getByRole('searchbox');
  await search.fill('was');
  await expect(view).toHaveAttribute('data-state', 'current');
  await expect(view.getByRole('status').first()).toHaveText(/^\d+ that fits?$/);
  await view.getByRole('combobox', { name: 'order' }).selectOption('by number');
  await search.fill('');
  await expect(view.getByRole('status').first()).toHaveText('the first 100 that fit');
  await expect(rows.first()).toContainText('#0');
  await search.press('ArrowDown');
  await page.keyboard.press('End');
  await expect(view.locator('.nb-Feature-number')).toHaveText(
    `#${(await rows.last().locator('.nb-FeatureList-number').innerText()).slice(1)}`,
  );

  // a name reaches the kernel, and is found
  const chosen = (await view.locator('.nb-Feature-number').innerText()).slice(1);
  await view.getByRole('textbox', { name: 'name of this feature' }).fill('ends of days');
  await page.keyboard.press('Enter');
  await expect(view.locator('output')).toHaveText(`#${chosen} is now called “ends of days”`);
  await search.fill('DAYS');
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText('ends of days');
  await panel.locator('.jp-Notebook-cell').nth(3).locator('.jp-InputArea-editor').click();
  await page.keyboard.press('Control+Enter');
  await expect(panel.locator('.jp-Notebook-cell').nth(3)).toContainText('ends of days');

  // a neighbour that was not saved is asked for
  await view.getByRole('list', { name: 'nearest by decoder' }).getByRole('button').first().click();
  await expect(view.locator('.nb-Feature-number')).not.toHaveText(`#${chosen}`);

  // the sparsity board: layers, units
  const sparse = panel.locator('.nb-Sparsity').first();
  await sparse.getByRole('option').first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(sparse.getByRole('option').nth(1)).toBeFocused();
  await sparse.getByRole('slider').focus();
  await page.keyboard.press('ArrowRight');
  await expect(sparse.locator('output')).toContainText('rank 2');

  expect(await violations(page, '.nb-Features')).toEqual([]);
  expect(await violations(page, '.nb-Sparsity')).toEqual([]);
  await page.screenshot(shot('dashboards-light'));
  await page.theme.setDarkTheme();
  await page.waitForTimeout(500);
  expect(await violations(page, '.nb-Features')).toEqual([]);
  expect(await violations(page, '.nb-Sparsity')).toEqual([]);
  await page.screenshot(shot('dashboards-dark'));
  for (const [i, name] of ['sparsity', 'course'].entries())
    await panel
      .locator('.nb-Sparsity')
      .nth(i)
      .screenshot(shot(`${name}-dark`));
  await page.setViewportSize({ width: 400, height: 2600 });
  await page.waitForTimeout(500);
  await page.screenshot(shot('dashboards-narrow'));
  const wider = await panel
    .locator('.nb-View')
    .evaluateAll(nodes => nodes.filter(node => node.scrollWidth > node.clientWidth + 1).length);
  expect(wider).toBe(0);
  await page.setViewportSize({ width: 1200, height: 1900 });

  // as a stranger's notebook: what is saved is searched, no name can be given, no kernel is asked
  const saved = await page.evaluate(() => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    return jupyterapp.shell.currentWidget.content.widgets.map(widget => widget.model.toJSON());
  });
  const strange = (await open(page, tmpPath, 'strange.ipynb', notebook(...saved))).locator('.nb-Features');
  await expect(strange.getByRole('textbox', { name: 'name of this feature' })).toBeHidden();
  await strange.getByRole('searchbox').fill(`#${number}`);
  await expect(strange.locator('.nb-FeatureList').getByRole('option')).toHaveCount(1);
  await expect(strange).not.toHaveAttribute('data-state', /./);
});
