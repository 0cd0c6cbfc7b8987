/**
 * Promise: a guide that is exported by nbconvert shows every output as a readable picture, table or text, without our
 * extension, without scripts and without a network, on the screen and on paper.
 */
import { expect, test, type Locator, type Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { shot } from '../lab.ts';

const guide = fileURLToPath(new URL('../../notebooks/guide/', import.meta.url));
const names = readdirSync(guide).filter(name => /^0[1-6]-.*\.ipynb$/.test(name));
const venv = fileURLToPath(new URL('../../.venv/', import.meta.url));
const python = process.env.NEURONBOOK_PYTHON ?? join(venv, 'bin', 'python');
/** A4 between the margins that Chromium leaves, in CSS pixels. */
const paper = { width: 794 - 76, height: 1123 - 76 };

interface Output {
  output_type: string;
  data?: Record<string, unknown>;
}
const isRich = ({ data = {} }: Output) =>
  Object.keys(data).some(type => /^application\/vnd\.(neuronbook|plotly)\.v1\+json$|^image\//.test(type));

/** What the saved notebook has to show, in order. */
const outputsOf = (file: string): Output[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as { cells: { outputs?: Output[] }[] }).cells.flatMap(
    ({ outputs = [] }) => outputs,
  );

/** What a reader finds in each output of a page. */
const look = (outputs: Locator) =>
  outputs.evaluateAll(nodes =>
    nodes.map(node => {
      // an output of which nothing is known has no place on the page
      const place = node.querySelector<HTMLElement>('.jp-OutputArea-output') ?? (node as HTMLElement);
      const box = place.getBoundingClientRect();
      const pictures = Array.from(node.querySelectorAll('img, svg'), picture => {
        const { width, height, right } = picture.getBoundingClientRect();
        const loaded = !(picture instanceof HTMLImageElement) || picture.naturalWidth > 0;
        return { width, height, loaded, outside: right > box.right + 1 };
      });
      const words = place.innerText.trim();
      const styled = node.querySelector('table, [style*=background]') !== null;
      return { pictures, words, styled, height: box.height };
    }),
  );

/** What is wrong with an output, in words; nothing where it can be read. */
function problems(output: Output, seen: Awaited<ReturnType<typeof look>>[number], i: number): string[] {
  const { pictures, words, styled } = seen;
  const shows = pictures.some(({ width, height, loaded }) => loaded && width >= 40 && height >= 15);
  return [
    isRich(output) && !shows && !(styled && words.length > 3) && 'shows no picture',
    !words && !shows && 'is empty',
    pictures.some(({ loaded }) => !loaded) && 'has a picture that does not load',
    pictures.some(({ outside }) => outside) && 'has a picture that is cut off',
    /application\/vnd|"(version|view|data|layout)":|\[object /.test(words) && 'shows JSON',
  ]
    .filter(problem => problem !== false)
    .map(problem => `output ${i + 1} ${problem}: ${words.slice(0, 60)}`);
}

async function readable(page: Page, file: string): Promise<string[]> {
  const outputs = outputsOf(file);
  const seen = await look(page.locator('.jp-OutputArea-child'));
  if (seen.length !== outputs.length) return [`${outputs.length} outputs, ${seen.length} on the page`];
  return outputs.flatMap((output, i) => problems(output, seen[i], i));
}

let folder: string;
const exported = (file: string) => join(folder, `${basename(file, '.ipynb')}.html`);
const convert = (files: readonly string[]) =>
  execFileSync(python, ['-m', 'nbconvert', '--to', 'html', '--output-dir', folder, ...files], {
    stdio: 'pipe',
  });

test.use({ javaScriptEnabled: false, offline: true, viewport: { width: 1000, height: 800 } });
test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbook-pages-'));
});
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the guides, on the screen and on paper', async ({ page }) => {
  const files = names.map(name => join(guide, name));
  expect(files.length).toBeGreaterThanOrEqual(6);
  convert(files);
  for (const file of files) {
    const name = basename(file, '.ipynb');
    await page.setViewportSize({ width: 1000, height: 800 });
    await page.goto(pathToFileURL(exported(file)).href, { waitUntil: 'load' });
    expect(await readable(page, file), name).toEqual([]);
    await page.screenshot({ ...shot(`nbconvert-${name.slice(0, 2)}`), fullPage: true });

    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize(paper);
    expect(await readable(page, file), `${name} on paper`).toEqual([]);
    const tall = (await look(page.locator('.jp-OutputArea-child')))
      .flatMap(({ pictures }) => pictures)
      .filter(({ height }) => height > paper.height);
    expect(tall, `${name}: pictures that no page holds`).toEqual([]);
    const pdf = await page.pdf({ format: 'A4', printBackground: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.emulateMedia({ media: null });
  }
});

test('an output without a picture for others would be noticed', async ({ page }) => {
  const view = { version: 1, view: 'tokens', data: {} };
  const outputs = [
    { 'application/vnd.neuronbook.v1+json': view },
    { 'application/vnd.plotly.v1+json': { data: [], layout: {} }, 'text/plain': 'a chart' },
    { 'application/vnd.neuronbook.v1+json': view, 'text/plain': JSON.stringify(view) },
    { 'image/png': 'bm8gcGljdHVyZQ==', 'text/plain': 'a picture' },
  ].map(data => ({ output_type: 'display_data', data, metadata: {} }));
  const cell = { cell_type: 'code', execution_count: 1, id: 'bare', metadata: {}, source: '', outputs };
  const file = join(folder, 'bare.ipynb');
  writeFileSync(file, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  convert([file]);
  await page.goto(pathToFileURL(exported(file)).href);
  const seen = await readable(page, file);
  for (const problem of ['shows no picture', 'shows JSON', 'does not load'])
    expect(seen.join('\n')).toContain(problem);
});
