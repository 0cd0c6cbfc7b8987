/**
 * Promise: every view of the guide is drawn by a kernel that runs it, and from its saved notebook with no kernel and no
 * trust: in both themes, on a narrow page, from right to left and on paper. Nobody is shut out of it (axe finds nothing),
 * its controls answer to the keyboard, and it looks as it did.
 */
import { readFile } from 'node:fs/promises';
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { unpack } from 'neuronbook/display/packed';
import type { PatchingPayload } from 'neuronbook/display/views/patching';
import { violations } from '../axe.ts';
import { alike, apart, compared } from '../compare.ts';
import { errors, open, runAll, shot, test, trusted } from '../lab.ts';
import { NEURONBOOK } from '../notebooks.ts';

interface Notebook {
  cells: {
    cell_type: string;
    execution_count?: number | null;
    outputs?: { data?: Record<string, { view?: string; data?: unknown }> }[];
  }[];
}

const guide = JSON.parse(
  await readFile(new URL('../../notebooks/guide/05-views.ipynb', import.meta.url), 'utf8'),
) as Notebook;
const kinds = guide.cells.flatMap(({ outputs = [] }) =>
  outputs.flatMap(({ data }) => data?.[NEURONBOOK]?.view ?? []),
);
const patchings = guide.cells.flatMap(({ outputs = [] }) =>
  outputs.flatMap(({ data }) => {
    const payload = data?.[NEURONBOOK];
    return payload?.view === 'patching' ? [payload.data as PatchingPayload['data']] : [];
  }),
);
const firsts = [...new Set(kinds)].map(kind => ({ kind, at: kinds.indexOf(kind) }));

/** What stands out of the page to the side, or is wider than the box that holds it. */
const wider = (outputs: Locator): Promise<string[]> =>
  outputs.evaluateAll(nodes =>
    nodes.flatMap(output => {
      const area = output.getBoundingClientRect();
      return [output, ...output.querySelectorAll('.nb-View, .nb-FeatureGrid')]
        .filter(node => {
          const { left, right } = node.getBoundingClientRect();
          return left < area.left - 1 || right > area.right + 1 || node.scrollWidth > node.clientWidth + 1;
        })
        .map(node => `${node.className} ${node.scrollWidth} of ${node.clientWidth}`);
    }),
  );

test('the guide of views is drawn for everyone, without a kernel', async ({ page, tmpPath }) => {
  // a minute on a machine that does nothing else
  test.setTimeout(10 * 60_000);
  expect(new Set(kinds).size).toBeGreaterThan(16);
  // no kernel ever comes
  await page.route('**/api/sessions*', route =>
    route.request().method() === 'POST' ? undefined : route.continue(),
  );
  await page.setViewportSize({ width: 940, height: 15_000 });
  const panel = await open(page, tmpPath, 'views.ipynb', guide);
  await page.sidebar.close();
  expect(await trusted(page)).toContain(false);
  const outputs = panel.locator('.nb-Renderer:not(.nb-Renderer .nb-Renderer)');
  await expect(outputs).toHaveCount(kinds.length, { timeout: 120_000 });
  await expect(panel.locator('.nb-Renderer:empty')).toHaveCount(0);
  await expect(panel.locator('.nb-Fallback')).toHaveCount(0);
  const view = (kind: string) => outputs.nth(kinds.indexOf(kind));

  const taken: Record<string, Buffer> = {};
  for (const theme of ['light', 'dark'] as const) {
    if (theme === 'dark') await page.theme.setDarkTheme();
    await page.waitForTimeout(1000);
    await page.mouse.move(2, 2);
    await page.screenshot(shot(`gallery-${theme}`));
    expect(await violations(page, '.nb-Renderer')).toEqual([]);
    for (const { kind, at } of firsts) {
      const name = `${kind}-${theme}`;
      taken[name] = await compared(outputs.nth(at), name);
    }
    const zoom = page.getByRole('dialog');
    await view('feature-grid').locator('.nb-Cell-picture').first().press('Enter');
    await expect(zoom).toBeVisible();
    expect(await violations(page, '.nb-Zoom')).toEqual([]);
    await page.keyboard.press('Escape');
  }
  // the comparison does see what changes
  for (const kind of ['lens', 'quantization', 'patching'])
    expect(alike(apart(taken[`${kind}-light`], taken[`${kind}-dark`]))).toBe(false);
  await page.theme.setLightTheme();

  // what a reader sees first is where something happens
  const begun = view('lens').locator('.nb-Lens-cell[tabindex="0"]');
  const isLast = (cell: Element) => cell === cell.closest('table')!.rows[0].lastElementChild;
  expect(await begun.evaluate(isLast)).toBe(true);
  await expect(begun).toBeInViewport();
  const places = panel.locator('.nb-Patching');
  for (const [i, { parts, values }] of patchings.entries()) {
    const sizes = unpack(values).map(Math.abs);
    const part = parts[sizes.indexOf(Math.max(...sizes)) % parts.length];
    await expect(places.nth(i).locator('.nb-Patching-name')).toHaveText(part);
  }

  // by keyboard alone
  const circuit = view('circuit');
  await circuit.locator('.nb-Circuit-node').last().focus();
  await page.keyboard.press('ArrowDown');
  await expect(circuit.locator('output')).not.toBeEmpty();
  await page.keyboard.press('Enter');
  await expect(circuit.getByRole('button', { name: 'Unpin (1)' })).toBeVisible();
  await page.keyboard.press('Delete');
  await expect(circuit.getByRole('button', { name: 'Show hidden (1)' })).toBeVisible();
  const stand = circuit.locator('.nb-Circuit-node:not(.nb-hidden)');
  const joined = await stand.count();
  await circuit.getByRole('button', { name: /^Show unconnected/ }).press('Enter');
  expect(await stand.count()).toBe((await circuit.locator('.nb-Circuit-node').count()) - 1);
  await circuit.getByRole('button', { name: 'Leave out unconnected' }).press('Enter');
  expect(await stand.count()).toBe(joined);
  expect(joined).toBeLessThan(20);
  const all = Number(/of (\d+)/.exec((await circuit.locator('.nb-Circuit-count').textContent())!)![1]);
  await circuit.getByRole('slider').press('End');
  await expect(circuit.locator('.nb-Circuit-count')).toHaveText(new RegExp(`^[01] of ${all} edges$`));
  const download = page.waitForEvent('download');
  await circuit.getByRole('button', { name: 'Save as SVG' }).press('Enter');
  expect((await download).suggestedFilename()).toMatch(/\.svg$/);

  const lens = view('lens');
  await lens.locator('.nb-Lens-cell[tabindex="0"]').focus();
  await page.keyboard.press('ArrowUp');
  await expect(lens.locator('output')).not.toBeEmpty();
  await expect(lens.locator('.nb-Lens-details li')).toHaveCount(5);

  const patching = view('patching');
  await patching.locator('.nb-HeatMap').focus();
  await page.keyboard.press('Enter');
  await expect(patching.locator('.nb-Patching-chosen')).not.toBeEmpty();
  await expect(patching.locator('mark')).toHaveCount(2);

  const atlas = view('atlas');
  await atlas.getByRole('searchbox').fill('zigzag');
  await page.keyboard.press('Enter');
  await expect(atlas.locator('output')).toContainText('zigzag');

  const board = view('quantization');
  await board.getByRole('button', { name: 'error' }).press('Enter');
  await expect(board.locator('th[aria-sort=descending]')).toHaveText('error');

  // a selection needs the kernel that made the view, and trust
  const answering = panel.locator('.nb-Matrix', { has: page.locator('.nb-Selection:not([hidden])') });
  await answering.locator('.nb-HeatMap').click();
  await expect(answering.locator('.nb-Selection')).toContainText('not trusted');

  // on paper: nothing to press, and no picture over two pages or cut off where the page would scroll
  const pressed = panel
    .locator('.nb-Renderer')
    .locator('.nb-Button, [type=range], [type=search], .nb-Cell-save');
  await expect(pressed.filter({ visible: true })).not.toHaveCount(0);
  await page.emulateMedia({ media: 'print' });
  await expect(pressed.filter({ visible: true })).toHaveCount(0);
  const paper = await page.evaluate(() => {
    const whole = (node: Element) => getComputedStyle(node).breakInside === 'avoid';
    const around = (node: Element): Element[] =>
      node.matches('.nb-Renderer') ? [] : [node, ...around(node.parentElement!)];
    const pictures = [...document.querySelectorAll('.nb-Renderer :is(img, canvas, svg:not(.nb-icon))')];
    return {
      broken: pictures.filter(node => !around(node).some(whole)).map(node => node.outerHTML.slice(0, 100)),
      scrolled: [...document.querySelectorAll('.nb-Renderer *')]
        .filter(node => /auto|scroll/.test(getComputedStyle(node).overflowY))
        .map(node => node.getAttribute('class')),
    };
  });
  expect(paper).toEqual({ broken: [], scrolled: [] });
  expect(await wider(outputs)).toEqual([]);
  await page.screenshot(shot('gallery-print'));
  await page.emulateMedia({ media: 'screen' });

  await page.evaluate(() => (document.querySelector<HTMLElement>('.jp-Notebook')!.dir = 'rtl'));
  await page.waitForTimeout(500);
  await page.screenshot(shot('gallery-rtl'));
  expect(await wider(outputs)).toEqual([]);
  const titles = panel.locator('.nb-View-title').filter({ hasText: /./ });
  const ends = await titles.evaluateAll(nodes =>
    nodes.map(node => {
      const inner = node.closest('.nb-View')!.getBoundingClientRect();
      return Math.round(inner.right - node.getBoundingClientRect().right);
    }),
  );
  for (const end of ends) expect(end).toBeLessThan(16);
  await page.evaluate(() => document.querySelector('.jp-Notebook')!.removeAttribute('dir'));

  await page.setViewportSize({ width: 400, height: 15_000 });
  await page.waitForTimeout(800);
  await page.screenshot(shot('gallery-narrow'));
  expect(await wider(outputs)).toEqual([]);
  const cut = await places
    .locator('.nb-Axes')
    .evaluateAll(nodes => nodes.map(node => node.scrollWidth - node.clientWidth));
  for (const pixels of cut) expect(pixels).toBeLessThan(1);
});

test('the guide of views is drawn by the kernel that runs it', async ({ page, tmpPath }) => {
  test.setTimeout(5 * 60_000);
  const bare = structuredClone(guide);
  for (const cell of bare.cells)
    if (cell.cell_type === 'code') Object.assign(cell, { outputs: [], execution_count: null });
  await page.setViewportSize({ width: 940, height: 15_000 });
  const panel = await open(page, tmpPath, 'run.ipynb', bare);
  await page.sidebar.close();
  await runAll(page);
  const outputs = panel.locator('.nb-Renderer:not(.nb-Renderer .nb-Renderer)');
  await expect(outputs).toHaveCount(kinds.length, { timeout: 240_000 });
  expect(await errors(page)).toEqual([]);
  await expect(panel.locator('.nb-Renderer:empty')).toHaveCount(0);
  await expect(panel.locator('.nb-Fallback')).toHaveCount(0);
  const answering = panel.locator('.nb-Matrix', { has: page.locator('.nb-Selection:not([hidden])') });
  await answering.locator('.nb-HeatMap').first().click();
  await expect(answering.locator('.nb-Selection-answer')).not.toBeEmpty();
});
