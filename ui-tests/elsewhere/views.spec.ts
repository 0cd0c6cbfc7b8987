/**
 * Promise: a saved notebook shows its views in Notebook 7 and in JupyterLite too, and a network opens from its file, with
 * no error of the page.
 */
import { expect, test as base, type Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { shot } from '../lab.ts';

const name = '05-views.ipynb';
const guide = new URL(`../../notebooks/guide/${name}`, import.meta.url);
const saved = (
  JSON.parse(readFileSync(guide, 'utf8')) as { cells: { outputs?: { data?: Record<string, unknown> }[] }[] }
).cells.flatMap(({ outputs = [] }) => outputs.map(({ data = {} }) => Object.keys(data)));
const views = saved.filter(types => types.includes('application/vnd.neuronbook.v1+json')).length;

/** Of JupyterLab's own shortcuts, with or without our extension: settings of another plugin came before theirs. */
const known = /^Cannot read properties of undefined \(reading 'schema'\)$/;

/** What goes wrong in the page, without being caught. */
const test = base.extend<{ problems: string[] }>({
  problems: async ({ page }, use) => {
    const problems: string[] = [];
    page.on('pageerror', error => {
      if (!known.test(error.message)) problems.push(error.stack ?? error.message);
    });
    await use(problems);
  },
});
const at = (port?: string) => `http://127.0.0.1:${port}`;

/** Every output of ours, drawn by its own view. */
async function everyView(page: Page): Promise<void> {
  await page.locator('.jp-Notebook').waitFor({ timeout: 90_000 });
  // a notebook draws what is in sight, so all of it is
  await page.setViewportSize({ width: 1280, height: 14_000 });
  // views may stand inside views
  await expect(page.locator('.jp-OutputArea-output.nb-Renderer')).toHaveCount(views);
  await expect(page.locator('.nb-Fallback')).toHaveCount(0);
  for (const view of ['.nb-FeatureGrid', '.nb-Tokens', '.nb-Attention', '.nb-Circuit', '.nb-Atlas'])
    await expect(page.locator(view).first()).toBeVisible();
}

test('Notebook 7', async ({ page, problems }) => {
  await page.goto(`${at(process.env.NEURONBOOK_NOTEBOOK_PORT)}/notebooks/${name}`);
  await everyView(page);
  await page.screenshot(shot('elsewhere-notebook'));
  expect(problems).toEqual([]);
});

test('JupyterLite', async ({ page, problems }) => {
  await page.goto(`${at(process.env.NEURONBOOK_LITE_PORT)}/lab/index.html?path=${name}`);
  // there is no kernel for it in a browser yet
  await page.getByRole('dialog').getByRole('button', { name: 'No Kernel' }).click({ timeout: 90_000 });
  await everyView(page);
  await page.screenshot(shot('elsewhere-lite'));
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.locator('.jp-DirListing-item', { hasText: 'textures.onnx' }).dblclick();
  await expect(page.locator('.nb-Graph-box:visible').nth(3)).toBeVisible();
  await page.screenshot(shot('elsewhere-lite-network'));
  expect(problems).toEqual([]);
});
