/** Promise: an output that is broken says so and shows its plain picture; one that is malicious can do nothing. */
import { expect } from '@jupyterlab/galata';
import { open, shot, test } from '../lab.ts';
import { cell, chart, grid, NEURONBOOK, notebook, PLOTLY } from '../notebooks.ts';

/** A payload to be broken in ways that its type forbids. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = Record<string, any>;

/** A bundle whose payload was changed. */
const broken = (bundle: Json, mime: string, change: (payload: Json) => void): Json => {
  const copy = structuredClone(bundle);
  change(copy[mime]);
  return copy;
};

test('a wrong payload says what is wrong and falls back to its picture or its words', async ({
  page,
  tmpPath,
}) => {
  const { 'image/png': _, ...wordsOnly } = grid();
  const script = 'parent.drawn = window.drawn = true';
  const drawing =
    `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" onload="${script}">` +
    `<script>${script}</script><rect width="40" height="20" fill="teal"/></svg>`;
  const cases: [Json, string][] = [
    [
      broken(grid(), NEURONBOOK, p => (p.version = 2)),
      'the payload has version 2; this extension reads version 1',
    ],
    [
      broken(grid(), NEURONBOOK, p => (p.view = 'constructor')),
      'the view "constructor" is unknown; a newer extension may draw it',
    ],
    [broken(grid(), NEURONBOOK, p => (p.data.cells = 'none')), 'data.cells is not a list'],
    [broken(grid(), NEURONBOOK, p => delete p.options), 'options is not an object'],
    [
      broken(grid(), NEURONBOOK, p => (p.data.state = 'asleep')),
      'data.state is "asleep"; expected running, done or interrupted',
    ],
    [
      broken(wordsOnly, NEURONBOOK, p => (p.data.cells[1].image = 'x" onerror="1')),
      'data.cells[1].image is not base64',
    ],
    [
      broken({ ...wordsOnly, 'image/svg+xml': drawing }, NEURONBOOK, p => (p.data.title = 7)),
      'data.title is not text',
    ],
    [
      broken(chart(), PLOTLY, p => (p.data[0].type = 'scattermap')),
      'trace 0 of the chart has type "scattermap", which is not drawn here',
    ],
    [broken(chart(), PLOTLY, p => (p.data = {})), 'the chart has no list of traces'],
  ];
  const saved = notebook(...cases.map(([bundle], i) => cell(`case ${i}`, bundle)));
  const panel = await open(page, tmpPath, 'wrong.ipynb', saved);
  const reasons = panel.locator('.nb-Fallback-reason');
  await expect(reasons).toHaveText(
    cases.map(([, problem]) => `This output cannot be drawn here: ${problem}.`),
  );
  await expect(panel.locator('.nb-Fallback img')).toHaveCount(8);
  const vector = panel.locator('.nb-Fallback img[src^="data:image/svg"]');
  await expect.poll(() => vector.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(40);
  expect(await page.evaluate(() => (window as unknown as { drawn?: boolean }).drawn)).toBeUndefined();
  await expect(panel.locator('.nb-Fallback pre')).toHaveText('feature grid: conv3, 10 channels, done');
  await panel.screenshot(shot('wrong-payload'));
});

test('markup, scripts, foreign addresses and prototype keys do nothing', async ({
  page,
  tmpPath,
  baseURL,
}) => {
  const markup = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
  const hostileGrid = broken(grid({ count: 2 }), NEURONBOOK, p => {
    p.data.title = markup;
    for (const one of p.data.cells) Object.assign(one, { label: markup, objective: markup });
    p.options = { columns: '9; background: url(https://evil.example/css)', pixelated: markup };
  });
  const hostileChart = broken(chart(), PLOTLY, p => {
    p.layout.title.text = `<a href="javascript:window.pwned=1">press</a>${markup}<span style="fill:url(https://evil.example/f)">x</span>`;
    p.layout.annotations = [{ text: `<a href="javascript:window.pwned=1">press</a>${markup}`, x: 5, y: 5 }];
    p.layout.images = [{ source: 'https://evil.example/spy.png', x: 0, y: 1, sizex: 1, sizey: 1 }];
    p.config = {
      plotlyServerURL: 'https://evil.example',
      topojsonURL: 'https://evil.example/',
      modeBarButtonsToAdd: [{ name: markup }],
    };
    p.data.push({ type: 'image', source: 'https://evil.example/spy.png' });
    Object.assign(
      p.data[0],
      JSON.parse('{"__proto__": {"polluted": 1}, "marker": {"constructor": {"prototype": {"polluted": 1}}}}'),
    );
    p.data[0]['__proto__.polluted'] = 1;
    p.layout['xaxis.__proto__.polluted'] = 1;
  });
  const words = { [NEURONBOOK]: { version: markup }, 'text/plain': markup };

  const foreign: string[] = [];
  page.on('request', request => {
    if (!request.url().startsWith(baseURL!) && !/^(data|blob):/.test(request.url()))
      foreign.push(request.url());
  });
  const saved = notebook(cell('grid', hostileGrid), cell('chart', hostileChart), cell('words', words));
  const panel = await open(page, tmpPath, 'hostile.ipynb', saved);
  await expect(panel.locator('.nb-Cell-label').first()).toHaveText(markup);
  await expect(panel.locator('.nb-Fallback pre')).toHaveText(markup);
  await expect(panel.locator('.nb-Chart .gtitle')).toBeVisible();
  await panel.screenshot(shot('hostile'));
  await panel.locator('.nb-Cell-picture').first().click();
  await expect(page.getByRole('dialog').getByRole('heading')).toHaveText(markup);
  await page.keyboard.press('Escape');
  for (const link of await panel.locator('.nb-Chart a').all())
    await link.click({ force: true, timeout: 2_000 }).catch(() => {});

  expect(
    await panel.locator('.nb-Chart [*|href^="javascript"], .nb-Chart a[href^="javascript"]').count(),
  ).toBe(0);
  expect(await panel.locator('script, .nb-Renderer [onerror], .nb-Chart [onerror]').count()).toBe(0);
  expect(await page.evaluate(() => [Reflect.get(window, 'pwned'), Reflect.get({}, 'polluted')])).toEqual([
    undefined,
    undefined,
  ]);
  expect(foreign).toEqual([]);
});
