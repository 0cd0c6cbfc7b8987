/** Promise: a grid can be explored from the keyboard alone, and its keys never touch the notebook. */
import { expect } from '@jupyterlab/galata';
import { open, shot, test } from '../lab.ts';
import { cell, grid, notebook } from '../notebooks.ts';

test('arrows move, Enter enlarges, Escape returns, and the notebook stays as it was', async ({
  page,
  tmpPath,
}) => {
  const saved = notebook(cell('first', grid()), cell('second'), cell('third'));
  const panel = await open(page, tmpPath, 'keyboard.ipynb', saved);
  const pictures = panel.locator('.nb-Cell-picture');
  await expect(pictures).toHaveCount(10);
  for (const image of await panel.locator('.nb-Cell img').all())
    await expect(image).toHaveAttribute(
      'alt',
      /^channel \d: the picture found for channel\('conv3', \d\), activation /,
    );
  const sources = () => panel.locator('.jp-Notebook-cell .jp-InputArea-editor').allInnerTexts();
  const before = await sources();

  await pictures.first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(pictures.nth(1)).toBeFocused();
  await panel.screenshot(shot('keyboard-focus'));
  await page.keyboard.press('End');
  await expect(pictures.last()).toBeFocused();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await expect(pictures.first()).not.toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(pictures.first()).toBeFocused();

  const zoom = page.getByRole('dialog');
  await page.keyboard.press('Enter');
  await expect(zoom.getByRole('heading')).toHaveText('channel 0');
  await page.keyboard.press('ArrowRight');
  await expect(zoom.getByRole('heading')).toHaveText('channel 1');
  await expect(zoom.locator('.nb-Zoom-counter')).toHaveText('2 of 10');
  await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(300);
  await page.screenshot(shot('zoom-light'));
  await page.keyboard.press('Escape');
  await expect(zoom).toBeHidden();
  await expect(pictures.nth(2)).toBeFocused();

  // each of these inserts, cuts, changes or runs cells when the notebook gets it
  for (const key of ['a', 'b', 'x', 'm', 'd', 'd', 'j', 'k', 'Shift+Enter']) {
    if (await zoom.isHidden()) await pictures.nth(2).focus();
    await page.keyboard.press(key);
    await page.keyboard.press('Escape');
  }
  expect(await sources()).toEqual(before);
  await expect(panel.locator('.jp-MarkdownCell')).toHaveCount(0);

  // without the guard the same key does reach the notebook, so the lines above could have failed
  await pictures.nth(2).evaluate(node => node.removeAttribute('data-lm-suppress-shortcuts'));
  await pictures.nth(2).focus();
  await page.keyboard.press('b');
  await expect(panel.locator('.jp-Notebook-cell')).toHaveCount(4);
});

test('the zoom is readable in the dark', async ({ page, tmpPath }) => {
  await page.theme.setDarkTheme();
  const panel = await open(
    page,
    tmpPath,
    'dark.ipynb',
    notebook(cell('dark', grid({ count: 6, state: 'interrupted', step: 80 }))),
  );
  await expect(panel.locator('.nb-FeatureGrid-state')).toHaveText('interrupted at step 80 of 256');
  await panel.screenshot(shot('interrupted-dark'));
  await panel.locator('.nb-Cell-picture').nth(3).click();
  const zoom = page.getByRole('dialog');
  await expect(zoom.locator('.nb-Zoom-note')).toContainText('interrupted at step 80 of 256');
  await page.waitForTimeout(300);
  await page.screenshot(shot('zoom-dark'));
  // a click beside the dialog closes it
  await page.mouse.click(5, 5);
  await expect(zoom).toBeHidden();
});
