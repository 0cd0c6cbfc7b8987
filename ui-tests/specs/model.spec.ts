/**
 * Promise: a network is a graph that opens by module, is searched and walked by keys, read in both themes and on a
 * narrow page, and stays quick with thousands of operators.
 */
import { expect } from '@jupyterlab/galata';
import { load, view } from 'neuronbook';
import { open, shot, test } from '../lab.ts';
import { cell, NEURONBOOK, notebook } from '../notebooks.ts';

type Bundle = Record<string, unknown>;
const bundleOf = (value: object): Bundle =>
  (value as Record<symbol, () => Bundle>)[Symbol.for('Jupyter.display')]();

/** A chain of residual blocks, as long as the networks that people bring. */
const long = (blocks: number): Bundle => {
  const nodes = [{ name: 'tokens', op: 'input', inputs: [] as number[] }];
  for (let b = 0; b < blocks; b++) {
    const before = nodes.length - 1;
    for (const op of ['LayerNormalization', 'MatMul', 'Gelu'])
      nodes.push({ name: `blocks.${b}.mlp.${op}`, op, inputs: [nodes.length - 1] });
    nodes.push({ name: `blocks.${b}.sum`, op: 'Add', inputs: [before, nodes.length - 1] });
  }
  return {
    [NEURONBOOK]: { version: 1, view: 'model', data: { title: 'long', note: '', nodes }, options: {} },
    'text/plain': 'long',
  };
};

test('a network can be looked through', async ({ page, tmpPath }) => {
  await page.setViewportSize({ width: 1100, height: 1500 });
  const model = bundleOf(view.model(await load('zoo:induction')));
  const panel = await open(
    page,
    tmpPath,
    'model.ipynb',
    notebook(cell('view.model', model), cell('', long(1250))),
  );
  await page.sidebar.close();
  const first = panel.locator('.nb-Model').first();
  const graph = first.getByRole('application');
  const told = first.locator('output');
  await expect(first.locator('.nb-Graph-box').nth(5)).toBeVisible();

  // by keys: along a line, into a module and out of it
  await graph.focus();
  await page.keyboard.press('Home');
  await expect(told).toHaveText(/^tokens · input · int64/);
  await page.keyboard.press('ArrowDown');
  await expect(told).not.toHaveText(/^tokens/);
  await first.getByRole('button', { name: 'Close every module' }).click();
  const closed = await first.locator('.nb-Graph-box').count();
  await graph.focus();
  await page.keyboard.press('Home');
  for (let i = 0; i < 6 && !/closed$/.test((await told.textContent()) ?? ''); i++)
    await page.keyboard.press('ArrowDown');
  await expect(told).toHaveText(/closed$/);
  await page.keyboard.press('Enter');
  await expect(told).toHaveText(/open$/);
  expect(await first.locator('.nb-Graph-box').count()).toBeGreaterThan(closed);

  // by name: modules open on the way
  await first.getByRole('searchbox').fill('blocks.1.attn.pattern');
  await expect(first.locator('.nb-Model-matches')).toHaveText(/\d+ match/);
  await page.keyboard.press('Enter');
  await expect(told).toHaveText(/^blocks\.1\.attn\.pattern · /);
  await expect(first.locator('.nb-Model-details')).toContainText('takes');
  await expect(first.locator('.nb-Graph-box.nb-mod-selected')).toHaveCount(1);

  // five thousand operators, all of them open: a frame still comes soon
  const second = panel.locator('.nb-Model').nth(1);
  const stall = await second.evaluate(async node => {
    const press = (name: string) => node.querySelector<HTMLElement>(`[aria-label="${name}"]`)!.click();
    const frame = () => new Promise(requestAnimationFrame);
    press('Open every module');
    await frame();
    let worst = 0;
    for (let i = 0; i < 20; i++) {
      const begun = performance.now();
      press(i < 10 ? 'Zoom out' : 'Zoom in');
      await frame();
      await frame();
      worst = Math.max(worst, performance.now() - begun);
    }
    return worst;
  });
  console.log(`five thousand operators: the slowest zoom took ${stall.toFixed(0)} ms`);
  expect(await second.locator('.nb-Graph-box').count()).toBeLessThan(200);
  await second.getByRole('button', { name: 'Close every module' }).click();

  await page.screenshot(shot('model-light'));
  await page.theme.setDarkTheme();
  await page.waitForTimeout(500);
  await page.screenshot(shot('model-dark'));
  await page.setViewportSize({ width: 400, height: 1400 });
  await page.waitForTimeout(500);
  await page.screenshot(shot('model-narrow'));
  const wider = await panel
    .locator('.nb-View')
    .evaluateAll(nodes => nodes.filter(node => node.scrollWidth > node.clientWidth + 1).length);
  expect(wider).toBe(0);
});
