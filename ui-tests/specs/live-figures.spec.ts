/**
 * Promise: a live figure shows what was saved until a reader touches it, then computes in the page, with no kernel; in a
 * stranger's notebook only once the reader says so.
 */
import { expect } from '@jupyterlab/galata';
import { liveFigures } from '../live-figures.ts';
import { open, shot, test } from '../lab.ts';

test('live figures compute without a kernel', async ({ page, tmpPath }) => {
  const { notebook, figures } = await liveFigures();
  const fetched: string[] = [];
  page.on('request', request => fetched.push(request.url()));
  // what the extension costs a page before there is a chart, and before there is a rich view
  const weight = () =>
    page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.includes('/extensions/neuronbook-lab/'))
        .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).decodedBodySize, 0),
    );
  const before = await weight();
  const panel = await open(page, tmpPath, 'figures.ipynb', notebook);
  await page.sidebar.close();
  const [melons, letters] = [panel.locator('.nb-Live').first(), panel.locator('.nb-Live').last()];
  await expect(melons).toHaveAttribute('data-state', 'saved');
  const withView = await weight();
  console.log(`bytes of the extension: ${before} at first, ${withView} with a rich view`);
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(100e3);
  expect(withView).toBeLessThan(200e3);
  await panel.screenshot(shot('live-figures-untrusted'));

  // a stranger's notebook: nothing is fetched or started, no control answers
  const runtime = () => fetched.filter(url => /\/static\/live\//.test(url));
  await expect(melons.getByRole('slider', { name: 'strength' })).toBeDisabled();
  await expect(melons.getByRole('button', { name: 'zigzag' })).toBeDisabled();
  expect(runtime()).toEqual([]);
  expect(page.workers()).toEqual([]);

  // the reader says so, for this figure and no other
  await melons.getByRole('button', { name: 'Run in this page' }).click();
  await expect(melons.getByRole('slider', { name: 'strength' })).toBeEnabled();
  await expect(letters.getByRole('textbox', { name: 'text' })).toBeDisabled();

  const { settings, expected } = figures.textures.asked;
  await melons.evaluate(node =>
    node.addEventListener('neuronbook:values', event => {
      const { values } = (event as CustomEvent<{ values: Record<string, { data: Float32Array }> }>).detail;
      Object.assign(window, { told: Array.from(values['shown.0'].data) });
    }),
  );
  await melons.getByRole('button', { name: String(settings.picture), exact: true }).click();
  await melons.getByRole('slider', { name: 'strength' }).fill(String(settings.strength));
  await melons.getByRole('combobox', { name: 'silenced' }).selectOption(String(settings.silenced));
  await expect(melons).toHaveAttribute('data-state', 'current', { timeout: 60_000 });
  const told = await page.evaluate(() => (window as unknown as { told: number[] }).told);
  const worst = Math.max(...told.map((value, i) => Math.abs(value - expected[0][i])));
  expect(worst).toBeLessThan(1e-4);
  expect(runtime().map(url => url.split('/').at(-1))).toEqual([
    'worker.js',
    'ort.wasm.bundle.min.mjs',
    'ort-wasm-simd-threaded.wasm',
  ]);
  await panel.screenshot(shot('live-figures-light'));

  // dragged: the last value wins, and the page's own thread is free meanwhile
  const stall = await melons.getByRole('slider', { name: 'strength' }).evaluate(async node => {
    const slider = node as HTMLInputElement;
    let [longest, before] = [0, performance.now()];
    for (let i = 0; i < 60; i++) {
      slider.value = String(-3 + i / 10);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise(requestAnimationFrame);
      longest = Math.max(longest, performance.now() - before);
      before = performance.now();
    }
    return longest;
  });
  await expect(melons).toHaveAttribute('data-state', 'current');
  console.log(`longest frame while a slider was dragged: ${stall.toFixed(0)} ms`);

  // by keyboard; and back to what was saved
  await melons.getByRole('slider', { name: 'strength' }).press('ArrowLeft');
  await expect(melons).toHaveAttribute('data-state', 'current');
  await melons.getByRole('button', { name: 'Back to the saved figure' }).click();
  await expect(melons).toHaveAttribute('data-state', 'saved');
  await expect(melons.getByRole('slider', { name: 'strength' })).toHaveValue('0');

  // a word that the network does not know is told, and the picture stands
  await letters.getByRole('button', { name: 'Run in this page' }).click();
  await letters.getByRole('textbox', { name: 'text' }).fill('ba nonsense');
  await expect(letters.locator('.nb-Interactive-words')).toContainText('no word "nonsense"');
  await letters.getByRole('textbox', { name: 'text' }).fill('ba ca fa ba ca');
  await expect(letters).toHaveAttribute('data-state', 'current');
  await expect(letters.locator('.nb-Interactive-words')).toBeHidden();
  await page.theme.setDarkTheme();
  await letters.scrollIntoViewIfNeeded();
  await panel.screenshot(shot('live-figures-dark'));
});
