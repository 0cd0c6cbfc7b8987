/**
 * Promise: a live figure is also a page of one file, which opens from a disk with no network, says in its picture what
 * was saved, and computes what the kernel computes when a control moves.
 */
import { expect, test, type Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { liveFigures, type TestFigure } from '../live-figures.ts';

const command = fileURLToPath(new URL('../../kernel/bin/neuronbook.mjs', import.meta.url));

interface Told {
  values: Record<string, { data: Float32Array }>;
  milliseconds: number;
}

let folder: string;
let figures: Record<string, TestFigure>;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbook-figures-'));
  const made = await liveFigures();
  figures = made.figures;
  writeFileSync(join(folder, 'figures.ipynb'), JSON.stringify(made.notebook));
});
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Moves each control as a person does, and gives what the last redraw was of. */
async function set(page: Page, settings: Record<string, string | number>): Promise<Told> {
  await page.evaluate(() => {
    document.addEventListener('neuronbook:values', event => {
      const { values, milliseconds } = (event as CustomEvent<Told>).detail;
      const plain = Object.entries(values).map(([name, { data }]) => [name, { data: Array.from(data) }]);
      Object.assign(window, { told: { values: Object.fromEntries(plain), milliseconds } });
    });
  });
  for (const [name, value] of Object.entries(settings)) {
    const field = page.getByRole('group', { name, exact: true });
    if (await field.count()) await field.getByRole('button', { name: String(value), exact: true }).click();
    else if (await page.getByRole('combobox', { name }).count())
      await page.getByRole('combobox', { name }).selectOption(String(value));
    else await page.getByLabel(name, { exact: true }).first().locator('visible=true').fill(String(value));
  }
  await expect(page.locator('.nb-Live')).toHaveAttribute('data-state', 'current');
  return page.evaluate(() => (window as unknown as { told: Told }).told);
}

for (const [i, name] of ['textures', 'induction'].entries())
  test(`zoo:${name} from a disk, with the network off`, async ({ browser }) => {
    const file = join(folder, `${name}.html`);
    const said = execFileSync(
      process.execPath,
      [command, 'figure', 'export', join(folder, 'figures.ipynb'), '--cell', String(i + 1), '-o', file],
      { encoding: 'utf8' },
    );
    expect(said).toMatch(/html: 1 live figure, [\d.]+ MB/);
    const context = await browser.newContext({ offline: true, viewport: { width: 1000, height: 900 } });
    const page = await context.newPage();
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on('request', request => asked.push(request.url().slice(0, 40)));
    page.on('console', message => complaints.push(message.text()));
    page.on('pageerror', error => complaints.push(String(error)));
    try {
      await page.goto(pathToFileURL(file).href);
      const view = page.locator('.nb-Live');
      await expect(view).toHaveAttribute('data-state', 'saved');
      await page.screenshot({ path: shot(`page-${name}-light`) });
      // nothing has started before the first touch
      expect(page.workers()).toEqual([]);

      const { settings, expected } = figures[name].asked;
      const [first, ...rest] = Object.entries(settings);
      const { milliseconds } = await set(page, Object.fromEntries([first]));
      const { values } = await set(page, Object.fromEntries(rest));
      expected.forEach((numbers, k) => {
        const ours = Array.from(values[`shown.${k}`].data);
        expect(ours).toHaveLength(numbers.length);
        const largest = Math.max(...numbers.map(Math.abs));
        const worst = Math.max(...ours.map((value, j) => Math.abs(value - numbers[j]))) / largest;
        console.log(`${name}, drawing ${k}: differs from the kernel by ${worst.toExponential(1)}`);
        expect(worst).toBeLessThan(1e-4);
      });
      const size = statSync(file).size;
      console.log(`${name}: first redraw after ${milliseconds.toFixed(0)} ms, ${(size / 1e6).toFixed(1)} MB`);
      expect(size).toBeLessThan(8e6);

      await page.emulateMedia({ colorScheme: 'dark' });
      await page.screenshot({ path: shot(`page-${name}-dark`) });
      expect(asked.filter(url => !/^(file|data|blob):/.test(url))).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  });

function shot(name: string): string {
  return new URL(`../screenshots/${name}.png`, import.meta.url).pathname;
}
