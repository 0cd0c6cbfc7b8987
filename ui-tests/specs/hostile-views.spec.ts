/**
 * Promise: whatever a stranger's notebook says in the payload of a view, nothing of it runs, nothing hangs, and what cannot
 * be drawn says so beside its plain picture. A content policy on the page reports whatever tries.
 */
import { expect } from '@jupyterlab/galata';
import { everyView, type Bundle } from '../every-view.ts';
import { open, shot, test } from '../lab.ts';
import { cell, NEURONBOOK, notebook } from '../notebooks.ts';

const markup = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';

/** Each leaf of a payload through `change`. */
function deep(value: unknown, change: (leaf: unknown, key: string) => unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map(item => deep(item, change, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, deep(item, change, name)]));
  return change(value, key);
}

const nested = (depth: number): unknown => (depth ? [nested(depth - 1)] : markup);
/** Names that say how a payload is read, without which it is refused before its texts are looked at. */
const structural = new Set(['view', 'bytes', 'dtype', 'state', 'image', 'sprite']);

type Data = Record<string, unknown>;
const attacks: Record<string, (data: Data) => unknown> = {
  'markup in every text': data =>
    deep(data, (leaf, key) => (typeof leaf === 'string' && !structural.has(key) ? markup : leaf)),
  'markup for every leaf': data => deep(data, () => markup),
  'a list for every leaf': data => deep(data, () => []),
  'a hundred million elements': data =>
    deep(data, (leaf, key) => (key === 'dims' || key === 'width' || key === 'columns' ? 1e8 : leaf)),
  'numbers beyond all bounds': data => deep(data, leaf => (typeof leaf === 'number' ? 1e308 : leaf)),
  'no numbers at all': data => deep(data, leaf => (typeof leaf === 'number' ? null : leaf)),
  'negative numbers': data => deep(data, leaf => (typeof leaf === 'number' ? -1 : leaf)),
  'deep nesting': data => ({ ...data, title: nested(200) }),
  'prototype keys': data => ({ ...data, ...(JSON.parse('{"__proto__": {"polluted": 1}}') as Data) }),
};

test('hostile payloads of every view do nothing and say what is wrong', async ({
  page,
  tmpPath,
  baseURL,
}) => {
  test.setTimeout(6 * 60_000);
  const foreign: string[] = [];
  page.on('request', request => {
    if (!request.url().startsWith(baseURL!) && !/^(data|blob):/.test(request.url()))
      foreign.push(request.url());
  });
  await page.evaluate(() => {
    Object.assign(window, { violations: [] });
    document.addEventListener('securitypolicyviolation', event => {
      (window as unknown as { violations: string[] }).violations.push(
        `${event.violatedDirective} ${event.sample}`,
      );
    });
    const meta = document.createElement('meta');
    meta.httpEquiv = 'Content-Security-Policy';
    meta.content = "script-src-attr 'none' 'report-sample'; img-src 'self' data: blob:; object-src 'none'";
    document.head.append(meta);
  });

  const cases = Object.entries(everyView()).flatMap(([name, bundle]) => {
    const payload = bundle[NEURONBOOK] as { data: Data };
    const changed = (change: object): Bundle => ({ ...bundle, [NEURONBOOK]: { ...payload, ...change } });
    return [
      ...Object.entries(attacks).map(
        ([kind, attack]) => [`${name}: ${kind}`, changed({ data: attack(payload.data) })] as const,
      ),
      [`${name}: unknown version`, changed({ version: 99 })] as const,
      [`${name}: no data`, changed({ data: null })] as const,
    ];
  });
  const began = Date.now();
  const saved = notebook(...cases.map(([name, bundle]) => cell(name, bundle)));
  const panel = await open(page, tmpPath, 'hostile-views.ipynb', saved);
  // every output comes to rest, as a view or as its fallback: the page scrolls through all of them
  await page.setViewportSize({ width: 1000, height: 60_000 });
  const outputs = panel.locator('.nb-Renderer:not(.nb-Renderer .nb-Renderer)');
  await expect(outputs).toHaveCount(cases.length, { timeout: 150_000 });
  await expect(panel.locator('.nb-Renderer:empty')).toHaveCount(0, { timeout: 60_000 });
  console.log(
    `${cases.length} hostile payloads came to rest in ${((Date.now() - began) / 1000).toFixed(1)} s`,
  );

  const reasons = await panel.locator('.nb-Fallback-reason').allInnerTexts();
  expect(reasons.length).toBeGreaterThan(cases.length / 2);
  for (const reason of reasons) expect(reason.length).toBeLessThan(600);
  expect(reasons).toContain(
    'This output cannot be drawn here: the payload has version 99; this extension reads version 1.',
  );
  await page.setViewportSize({ width: 1000, height: 900 });
  await page.screenshot(shot('hostile-views'));

  expect(
    await panel.locator('.nb-Renderer script, .nb-Renderer [onerror], .nb-Renderer iframe').count(),
  ).toBe(0);
  const seen = () =>
    page.evaluate(() => [
      Reflect.get(window, 'pwned') as unknown,
      Reflect.get({}, 'polluted') as unknown,
      (window as unknown as { violations: string[] }).violations.filter(line =>
        line.startsWith('script-src-attr'),
      ),
    ]);
  expect(await seen()).toEqual([undefined, undefined, []]);
  expect(foreign).toEqual([]);

  // the policy does report: the same markup, set as markup, is caught
  await page.evaluate(markup => (document.createElement('div').innerHTML = markup), markup);
  await expect.poll(async () => ((await seen())[2] as string[]).length).toBeGreaterThan(0);
});
