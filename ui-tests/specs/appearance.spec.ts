/** Promise: charts and grids are readable in light and in dark, and follow the theme without being run again. */
import { expect } from '@jupyterlab/galata';
import { open, shot, test } from '../lab.ts';
import { cell, chart, grid, notebook, PLOTLY } from '../notebooks.ts';

test('charts and grids stay readable when the theme turns dark', async ({ page, tmpPath }) => {
  const saved = notebook(
    cell("plot.line(channels, activations, { title: 'What conv3 makes of one picture' })", chart()),
    cell("await viz.feature(model, 'conv3', { channels: 10 })", grid()),
  );
  const panel = await open(page, tmpPath, 'appearance.ipynb', saved);
  const title = panel.locator('.nb-Chart .gtitle');
  await expect(title).toBeVisible();
  await expect(panel.locator('.nb-Cell img')).toHaveCount(10);
  await page.sidebar.close();
  await page.waitForTimeout(300);
  await page.screenshot(shot('appearance-light'));

  const light = await title.evaluate(node => getComputedStyle(node).fill);
  await page.theme.setDarkTheme();
  await expect.poll(() => title.evaluate(node => getComputedStyle(node).fill)).not.toBe(light);
  await page.waitForTimeout(300);
  await page.screenshot(shot('appearance-dark'));
});

test('each kind of chart is drawn in both themes', async ({ page, tmpPath }) => {
  const rows = Array.from({ length: 12 }, (_, y) =>
    Array.from({ length: 20 }, (_, x) => Math.sin(x / 3) * Math.cos(y / 2)),
  );
  const kinds = [
    {
      type: 'bar',
      name: 'activation',
      x: ['stripes', 'checks', 'rings', 'spirals'],
      y: [3.1, 1.2, 4.4, 2.5],
    },
    { type: 'heatmap', z: rows },
    { type: 'histogram', x: rows.flat() },
    { type: 'box', name: 'conv3', y: rows.flat() },
    {
      type: 'table',
      header: { values: ['site', 'shape'] },
      cells: {
        values: [
          ['conv1', 'conv2'],
          ['8×48×48', '16×24×24'],
        ],
      },
    },
  ];
  const layout = { height: 220, title: undefined, xaxis: {}, yaxis: {} };
  const cells = kinds.map(trace => {
    const bundle = chart(layout);
    (bundle[PLOTLY] as { data: unknown[] }).data = [trace];
    return cell(trace.type, bundle);
  });
  await page.setViewportSize({ width: 1000, height: 1600 });
  const panel = await open(page, tmpPath, 'kinds.ipynb', notebook(...cells));
  await expect(panel.locator('.nb-Chart .main-svg[role=img]')).toHaveCount(kinds.length);
  await expect(panel.getByRole('figure', { name: 'bar chart; series: activation' })).toBeVisible();
  await page.sidebar.close();
  await page.waitForTimeout(500);
  await panel.screenshot(shot('kinds-light'));
  await page.theme.setDarkTheme();
  await page.waitForTimeout(1000);
  await panel.screenshot(shot('kinds-dark'));
});
