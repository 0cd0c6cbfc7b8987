/**
 * Promise: tokens, attention and tensors are drawn from a saved notebook that nobody trusts, can be looked through by
 * pointer and keyboard, and read in both themes and on a narrow page.
 */
import { expect } from '@jupyterlab/galata';
import { gallery } from '../gallery.ts';
import { open, shot, test } from '../lab.ts';

test('views of a real network can be looked through', async ({ page, tmpPath }) => {
  await page.setViewportSize({ width: 1100, height: 2400 });
  const panel = await open(page, tmpPath, 'gallery.ipynb', await gallery());
  await page.sidebar.close();
  const views = panel.locator('.nb-View');
  await expect(views).toHaveCount(6);
  const [tokens, signed, attention, one, matrix] = [0, 1, 2, 3, 4].map(i => views.nth(i));

  // tokens: the pointer tells, and arrow keys go on from there
  await signed.getByRole('option', { name: 'brown' }).hover();
  await expect(signed.locator('output')).toHaveText('2 " brown" · value 2.10 · colour');
  await signed.getByRole('option', { name: 'brown' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(signed.locator('output')).toContainText('3 " fox"');
  await page.keyboard.press('ArrowDown'); // the next strong one, in the second text
  await expect(signed.locator('output')).toContainText('1 " lazy" · value -2.00');
  await expect(tokens.getByRole('option').first()).toBeVisible();

  // attention: choosing a head, a number, lines
  await attention.getByRole('option').nth(2).click();
  await expect(attention.locator('.nb-Attention-name')).toHaveText(/^head 2 /);
  await page.keyboard.press('ArrowRight');
  await expect(attention.locator('.nb-Attention-name')).toHaveText(/^head 3 /);
  await attention.getByRole('img').first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(attention.locator('output')).toHaveText(/^1 "\w+" → 0 "<bos>" · 0\.\d+$/);
  await attention.getByRole('button', { name: 'Show as lines' }).click();
  await expect(attention.locator('.nb-Attention-line').nth(1)).toBeVisible();
  await attention.locator('.nb-Attention-query').nth(20).hover();
  await expect(attention.locator('output')).toHaveText(/^20 "\w+" → "\w+" 0\.\d+/);
  await expect(one.getByRole('listbox')).toBeHidden();

  // a tensor: another slice shows other numbers, and dims change places
  await matrix.locator('.nb-HeatMap').focus();
  const before = await matrix.locator('output').textContent();
  await matrix.getByRole('slider', { name: 'index of position' }).press('ArrowRight');
  await matrix.locator('.nb-HeatMap').hover({ position: { x: 2, y: 2 } });
  await expect(matrix.locator('output')).toContainText('position 1');
  expect(await matrix.locator('output').textContent()).not.toBe(before);
  await matrix.getByRole('combobox', { name: 'what position is shown as' }).selectOption('rows');
  await expect(matrix.getByRole('slider', { name: 'index of head' })).toBeVisible();

  await panel.locator('.jp-Notebook').click({ position: { x: 5, y: 5 } });
  await page.screenshot(shot('views-light'));
  await page.theme.setDarkTheme();
  await page.waitForTimeout(500);
  await page.screenshot(shot('views-dark'));
  await page.setViewportSize({ width: 480, height: 3000 });
  await page.waitForTimeout(500);
  await page.screenshot(shot('views-narrow'));
  const wider = await views.evaluateAll(
    nodes => nodes.filter(node => node.scrollWidth > node.clientWidth + 1).length,
  );
  expect(wider).toBe(0);
});
