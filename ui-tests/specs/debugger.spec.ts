/** Promise: JupyterLab's debugger stops TypeScript cells where the reader clicked, and shows what they know. */
import { expect } from '@jupyterlab/galata';
import { open, shot, test } from '../lab.ts';
import { cell, notebook } from '../notebooks.ts';

const declare = `function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}`;
const use = `import { tensor } from 'neuronbook';
const weights = tensor([1, 2, 3, 6], [2, 2]);
const average = mean(weights.data as Float32Array);
average`;

test('a cell stops at a click in its gutter, steps and goes on', async ({ page, tmpPath }) => {
  const panel = await open(page, tmpPath, 'debugged.ipynb', notebook(cell(declare), cell(use)));
  await expect(page.locator('.jp-DebuggerBugButton')).toBeEnabled({ timeout: 60_000 });
  await page.notebook.runCell(0);
  await page.debugger.switchOn();
  await expect(page.locator('.jp-DebuggerSidebar')).toBeVisible();
  await page.notebook.waitForCellGutter(1);
  await page.notebook.clickCellGutter(1, 3);
  await expect(page.locator('.jp-DebuggerBreakpoints-body .jp-DebuggerBreakpoint')).toHaveCount(1);

  void page.notebook.runCell(1);
  const frames = page.locator('.jp-DebuggerCallstack-body .jp-DebuggerCallstackFrame');
  await expect(frames).toHaveCount(1, { timeout: 60_000 });
  await expect(frames.first()).toContainText('Cell [*]');
  const highlighted = panel.locator('.jp-DebuggerEditor-highlight');
  await expect(highlighted).toContainText('const average');
  const variables = page.locator('.jp-DebuggerVariables-body:not(.lm-mod-hidden)');
  await expect(variables).toContainText('weights');
  await expect(variables).toContainText('tensor float32 2×2 · min 1, mean 3, max 6');

  await page.locator('[data-command="debugger:stepIn"]').click();
  await expect(frames).toHaveCount(2);
  await expect(frames.first()).toContainText('mean');
  await expect(variables).toContainText('values');
  await page.screenshot(shot('debugger-light'));

  await page.locator('[data-command="debugger:continue"]').click();
  await expect(frames).toHaveCount(0);
  await expect(panel.locator('.jp-OutputArea-executeResult')).toContainText('3');
  await page.debugger.switchOff();
  await page.notebook.runCell(1);
  await expect(panel.locator('.jp-OutputArea-executeResult')).toContainText('3');
});
