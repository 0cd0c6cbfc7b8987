/**
 * Promise: large outputs do not make a notebook slow. Each part measures and prints its figure; what is asserted is what has
 * to hold on any machine, however busy.
 */
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import { plot, rng } from 'neuronbook';
import { everyView, type Bundle } from '../every-view.ts';
import { open, shot, test, type Lab } from '../lab.ts';
import { cell, chart, grid, notebook } from '../notebooks.ts';

// records of a run photograph the page at each frame, which takes as long as the frame itself
test.use({ trace: 'off' });

const bundleOf = (value: object): Bundle =>
  (value as Record<symbol, () => Bundle>)[Symbol.for('Jupyter.display')]();

/** Prints a figure, and keeps it with the test's result. */
function figure(what: string, value: string): void {
  console.log(`${what}: ${value}`);
  test.info().annotations.push({ type: what, description: value });
}

/** Tells how long the page's own thread has computed, in ms: other programs on the machine do not count. */
async function processor(page: IJupyterLabPageFixture): Promise<() => Promise<number>> {
  // Galata's page is a wrapper, which the protocol does not know
  const session = await page.context().newCDPSession(page.context().pages()[0]);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
}

/** Shows other outputs in the first cell, as the kernel would; resolves after the paint in which all of it is there. */
const shown = (page: IJupyterLabPageFixture, outputs: Bundle[], done: { selector: string; count: number }) =>
  page.evaluate(
    async ({ outputs, done }) => {
      const { jupyterapp } = window as unknown as { jupyterapp: Lab };
      const { model } = jupyterapp.shell.currentWidget.content.widgets[0].outputArea;
      const isDone = () => {
        const nodes = [...document.querySelectorAll(done.selector)];
        const drawn = nodes.every(node => !(node instanceof HTMLImageElement) || node.complete);
        return drawn && nodes.length === done.count;
      };
      const began = performance.now();
      model.clear();
      for (const data of outputs) model.add({ output_type: 'display_data', data, metadata: {} });
      while (!isDone()) {
        const found = document.querySelectorAll(done.selector).length;
        if (performance.now() - began > 40_000) throw new Error(`${found} of ${done.count} ${done.selector}`);
        await new Promise(requestAnimationFrame);
      }
      // a frame is on the screen when the one after it begins
      await new Promise(requestAnimationFrame);
      return performance.now() - began;
    },
    { outputs, done },
  );

test('64 pictures are there at once', async ({ page, tmpPath }) => {
  await open(page, tmpPath, 'grid.ipynb', notebook(cell('grid', grid({ count: 4 }))));
  await expect(page.locator('.nb-Cell img')).toHaveCount(4);
  const used = await processor(page);
  const [times, spent]: number[][] = [[], []];
  for (let round = 0; round < 5; round++) {
    await shown(page, [grid({ count: 1 })], { selector: '.nb-Cell img', count: 1 });
    const begun = await used();
    times.push(await shown(page, [grid({ count: 64 })], { selector: '.nb-Cell img', count: 64 }));
    spent.push((await used()) - begun);
  }
  figure('of the page’s own thread, ms', spent.map(Math.round).join(', '));
  figure('first paint of 64 pictures, ms', times.map(Math.round).join(', '));
  expect(Math.min(...times)).toBeLessThan(5000);
});

test('a million points are panned, and all of them are there', async ({ page, tmpPath }) => {
  test.setTimeout(180_000);
  const random = rng('budgets');
  const count = 1e6;
  const [x, y] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    x[i] = random.normal();
    y[i] = 0.5 * x[i] + random.normal();
  }
  // one apart from the rest, to be looked for
  [x[123_456], y[123_456]] = [8, -7];
  const made = bundleOf(plot.scatter(x, y, { title: 'a million points', size: 5 }));
  const bytes = JSON.stringify(made).length;
  figure('a million points in a notebook, MB', (bytes / 1e6).toFixed(1));
  expect(bytes).toBeLessThan(12e6);

  const panel = await open(page, tmpPath, 'points.ipynb', notebook(cell('points', made)));
  await page.sidebar.close();
  const points = panel.locator('.nb-Chart-points');
  await expect(points).toBeVisible({ timeout: 60_000 });
  await page.waitForTimeout(1000);
  await panel.screenshot(shot('million-points'));
  const inked = () =>
    points.evaluate(canvas => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
      let count = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
      return count;
    });
  const before = await inked();
  expect(before).toBeGreaterThan(5000);

  await panel.locator('.nb-Chart').hover();
  await panel.locator('.modebar-btn[data-attr=dragmode][data-val=pan]').click();
  const area = (await panel.locator('.nb-Chart .nsewdrag').first().boundingBox())!;
  const middle = { x: area.x + area.width / 2, y: area.y + area.height / 2 };
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  const used = await processor(page);
  const begun = await used();
  const frames = await page.evaluate(async () => {
    // the pointer moves before each frame; what Plotly and the points make of it has to fit into it
    const { x, y } = document.querySelector('.nb-Chart .nsewdrag')!.getBoundingClientRect();
    const cover = () => document.querySelector('.dragcover') ?? document;
    const times: number[] = [];
    let last = performance.now();
    for (let i = 0; i < 90; i++) {
      const [clientX, clientY] = [x + 300 + 150 * Math.sin(i / 9), y + 120 + 60 * Math.cos(i / 7)];
      cover().dispatchEvent(new MouseEvent('mousemove', { clientX, clientY, buttons: 1, bubbles: true }));
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - last);
      last = performance.now();
    }
    return times;
  });
  await page.mouse.up();
  const spent = (await used()) - begun;
  const mean = frames.reduce((sum, time) => sum + time, 0) / frames.length;
  figure('pan of a million points, frames/s', (1000 / mean).toFixed(1));
  figure('of the page’s own thread a frame, ms', (spent / frames.length).toFixed(1));
  figure('its slowest frame, ms', Math.max(...frames).toFixed(0));

  // nothing was thrown away: the point far from the others is alone once a box is drawn around it, and says where it is
  const place = (at: { x: number; y: number }) =>
    panel.locator('.nb-Chart-figure').evaluate((node, at) => {
      interface Axis {
        range: number[];
        _offset: number;
        _length: number;
      }
      const { xaxis, yaxis } = (node as unknown as { _fullLayout: Record<'xaxis' | 'yaxis', Axis> })
        ._fullLayout;
      const share = (value: number, { range: [from, to] }: Axis) => (value - from) / (to - from);
      const { left, top } = node.getBoundingClientRect();
      return {
        x: left + xaxis._offset + xaxis._length * share(at.x, xaxis),
        y: top + yaxis._offset + yaxis._length * (1 - share(at.y, yaxis)),
      };
    }, at);
  await page.mouse.dblclick(middle.x, middle.y);
  await panel.locator('.modebar-btn[data-attr=dragmode][data-val=zoom]').click();
  await page.waitForTimeout(500);
  expect(await inked()).toBeGreaterThan(0.8 * before);
  const lone = await place({ x: 8, y: -7 });
  await page.mouse.move(lone.x - 8, lone.y - 8);
  await page.mouse.down();
  await page.mouse.move(lone.x, lone.y, { steps: 3 });
  await page.mouse.move(lone.x + 8, lone.y + 8, { steps: 3 });
  await page.mouse.up();
  await expect.poll(inked).toBeLessThan(100);
  expect(await inked()).toBeGreaterThan(10);
  await page.waitForTimeout(500);
  const there = await place({ x: 8, y: -7 });
  await page.mouse.move(there.x, there.y, { steps: 4 });
  await expect(panel.locator('.hoverlayer .hovertext')).toContainText('−7');
});

/** Scrolls a notebook down and up, and says which tasks the page could not interrupt, longest first. */
async function scrolled(page: IJupyterLabPageFixture, folder: string, name: string, cells: unknown[]) {
  const panel = await open(page, folder, name, notebook(...cells));
  await page.sidebar.close();
  await page.waitForTimeout(3000);
  const scroller = panel.locator('.jp-WindowedPanel-outer').first();
  const { long, frames, reached } = await scroller.evaluate(async node => {
    const long: number[] = [];
    const observer = new PerformanceObserver(list =>
      long.push(...list.getEntries().map(({ duration }) => Math.round(duration))),
    );
    observer.observe({ entryTypes: ['longtask'] });
    // whose scripts a long frame is spent in
    type Frame = PerformanceEntry & { scripts: { sourceURL: string; duration: number }[] };
    const frames: { whole: number; ours: number; others: number }[] = [];
    const watched = new PerformanceObserver(list => {
      for (const { duration, scripts } of list.getEntries() as Frame[]) {
        const frame = { whole: duration, ours: 0, others: 0 };
        for (const { sourceURL, duration } of scripts)
          frame[sourceURL.includes('/neuronbook-lab/') ? 'ours' : 'others'] += duration;
        frames.push(frame);
      }
    });
    watched.observe({ type: 'long-animation-frame' });
    let reached = 0;
    for (const direction of [1, -1])
      for (let step = 0; step < 300; step++) {
        node.scrollTop += direction * 120;
        reached = Math.max(reached, node.scrollTop);
        await new Promise(requestAnimationFrame);
      }
    observer.disconnect();
    watched.disconnect();
    return { long, frames, reached };
  });
  expect(reached).toBeGreaterThan(5000);
  return { long: long.sort((a, b) => b - a), frames: frames.sort((a, b) => b.whole - a.whole) };
}

const stalls = (long: number[]): string =>
  long.length
    ? `${long.slice(0, 5).join(', ')} ms, ${long.filter(time => time > 100).length} over 100 ms`
    : 'none';

test('two hundred outputs scroll', async ({ page, tmpPath }) => {
  test.setTimeout(240_000);
  const views = Object.values(everyView());
  const made = Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? chart() : views[i % views.length]));
  const { long, frames } = await scrolled(
    page,
    tmpPath,
    'many.ipynb',
    made.map((bundle, i) => cell(`// ${i}`, bundle)),
  );
  figure('long tasks while 200 outputs scroll', stalls(long));
  const shares = frames
    .slice(0, 6)
    .map(frame => [frame.ours, frame.others, frame.whole].map(ms => ms.toFixed(0)).join('/'));
  const most = Math.max(0, ...frames.map(({ ours }) => ours));
  figure(
    'its longest frames: our scripts, JupyterLab’s, all with style, layout and paint',
    `${shares.join(', ') || 'none'} ms; ours at most ${most.toFixed(0)} ms in any`,
  );
  // what JupyterLab itself takes for as many cells
  const words = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n');
  const { long: plain } = await scrolled(
    page,
    tmpPath,
    'plain.ipynb',
    made.map((_, i) => cell(`// ${i}`, { 'text/plain': words })),
  );
  figure('the same with text alone, as JupyterLab draws it', stalls(plain));
});

test('memory comes back when outputs go', async ({ page, tmpPath }) => {
  test.setTimeout(240_000);
  const outputs = [...Object.values(everyView()), chart(), grid({ count: 12 })];
  await open(page, tmpPath, 'memory.ipynb', notebook(cell('outputs', grid({ count: 1 }))));
  // Galata's page is a wrapper, which the protocol does not know
  const session = await page.context().newCDPSession(page.context().pages()[0]);
  await session.send('Performance.enable');
  const state = async () => {
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (wanted: string) => metrics.find(({ name }) => name === wanted)!.value;
    return { heap: usedSize, nodes: of('Nodes'), listeners: of('JSEventListeners') };
  };
  const round = async () => {
    await shown(page, outputs, { selector: '.nb-Chart .main-svg[role=img]', count: 1 });
    await shown(page, [], { selector: '.nb-Renderer, .nb-Chart', count: 0 });
  };
  for (let i = 0; i < 5; i++) await round();
  const before = await state();
  for (let i = 0; i < 50; i++) await round();
  const after = await state();
  figure(
    'heap after 50 more rounds, MB',
    `${(before.heap / 1e6).toFixed(1)} → ${(after.heap / 1e6).toFixed(1)}`,
  );
  figure('DOM nodes', `${before.nodes} → ${after.nodes}`);
  figure('listeners', `${before.listeners} → ${after.listeners}`);
  // a round that stayed would be some thousand nodes
  expect((after.nodes - before.nodes) / 50).toBeLessThan(20);
  expect((after.heap - before.heap) / 50).toBeLessThan(100_000);
});
