/**
 * Promise: controls move a picture while the notebook is trusted and its kernel runs, the latest value wins, and where
 * either is not so the saved picture stands and says why.
 */
import { expect } from '@jupyterlab/galata';
import { open, runAll, shot, test, type Lab } from '../lab.ts';
import { cell, notebook } from '../notebooks.ts';

// Galata reads each answer of the kernels API as JSON, and stumbles over that to a restart
test.use({ kernels: null });
// records of a run photograph the page at each frame
test.use({ trace: 'off' });

const source = `import { interactive, plot } from 'neuronbook';
interactive(
  ({ waves, wave, grid }) => {
    if (waves === 13) throw new RangeError('thirteen waves');
    const xs = Array.from({ length: 200 }, (_, i) => i / 200);
    return plot.line(xs, xs.map(x => Math[wave](2 * Math.PI * waves * x)), { title: \`\${waves} \${wave}\${grid ? '' : ', bare'}\` });
  },
  { waves: { min: 0, max: 20, value: 3 }, wave: ['sin', 'cos'], grid: true },
)`;

test('controls drive a picture, and say so where they cannot', async ({ page, tmpPath }) => {
  test.setTimeout(300_000);
  const panel = await open(page, tmpPath, 'interactive.ipynb', notebook(cell(source)));
  await page.sidebar.close();
  await runAll(page);
  const view = panel.locator('.nb-Interactive');
  const title = view.locator('.gtitle');
  await expect(title).toHaveText('3 sin', { timeout: 90_000 });

  // every kind of control, by keyboard
  await view.getByRole('slider', { name: 'waves' }).press('ArrowRight');
  await expect(title).toHaveText('4 sin');
  await view.getByRole('combobox', { name: 'wave' }).selectOption('cos');
  await expect(title).toHaveText('4 cos');
  await view.getByRole('checkbox', { name: 'grid' }).press('Space');
  await expect(title).toHaveText('4 cos, bare');
  await panel.screenshot(shot('interactive-light'));

  // an error is told and the picture stays; the next value is drawn
  await view.getByRole('slider', { name: 'waves' }).fill('13');
  await expect(view.locator('.nb-Interactive-words')).toHaveText('RangeError: thirteen waves');
  await expect(title).toHaveText('4 cos, bare');

  // dragged quickly: the last value wins, and not every one in between was asked for
  await view.getByRole('slider', { name: 'waves' }).evaluate((node: HTMLInputElement) => {
    for (let i = 0; i < 200; i++) {
      node.value = String(i % 13);
      node.dispatchEvent(new Event('input', { bubbles: true }));
    }
    node.value = '7';
    node.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await expect(title).toHaveText('7 cos, bare');
  await expect(view).toHaveAttribute('data-state', 'current');

  // there, computed, back and drawn, a hundred times
  const times = await view.evaluate(async node => {
    const slider = node.querySelector<HTMLInputElement>('input[type=range]')!;
    const taken: number[] = [];
    for (let i = 0; i < 100; i++) {
      const begun = performance.now();
      const drawn = new Promise(resolve =>
        node.addEventListener('neuronbook:redrawn', resolve, { once: true }),
      );
      slider.value = String(i % 12);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      await drawn;
      taken.push(performance.now() - begun);
      // as a person would, the page paints in between
      await new Promise(requestAnimationFrame);
    }
    return taken.sort((a, b) => a - b);
  });
  console.log(`round trip with redraw: median ${times[50].toFixed(1)} ms, worst ${times[99].toFixed(1)} ms`);

  // dragged for ten seconds: never more than one question under way, and the picture keeps up
  const drag = await view.evaluate(async node => {
    type Message = { msg: { header: { msg_type: string } }; direction: 'send' | 'recv' };
    const { jupyterapp } = window as unknown as {
      jupyterapp: {
        shell: {
          currentWidget: {
            sessionContext: {
              session: {
                kernel: { anyMessage: { connect(slot: (_: unknown, args: Message) => void): void } };
              };
            };
          };
        };
      };
    };
    let [open, most, asked] = [0, 0, 0];
    jupyterapp.shell.currentWidget.sessionContext.session.kernel.anyMessage.connect(
      (_, { msg, direction }) => {
        if (msg.header.msg_type !== 'comm_msg') return;
        open += direction === 'send' ? 1 : -1;
        asked += direction === 'send' ? 1 : 0;
        most = Math.max(most, open);
      },
    );
    const lags: number[] = [];
    const note = (event: Event) =>
      lags.push((event as CustomEvent<{ milliseconds: number }>).detail.milliseconds);
    node.addEventListener('neuronbook:redrawn', note);
    const slider = node.querySelector<HTMLInputElement>('input[type=range]')!;
    const end = performance.now() + 10_000;
    for (let i = 0; performance.now() < end; i++) {
      slider.value = String(i % 12);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise(requestAnimationFrame);
    }
    node.removeEventListener('neuronbook:redrawn', note);
    return { most, asked, drawn: lags.length, worst: Math.max(...lags) };
  });
  console.log(
    `dragged for 10 s: ${drag.asked} asked, ${drag.drawn} drawn, at most ${drag.worst.toFixed(0)} ms behind`,
  );
  expect(drag.most).toBe(1);
  expect(drag.drawn).toBeGreaterThan(10);
  await expect(view).toHaveAttribute('data-state', 'current');

  await page.theme.setDarkTheme();
  await page.waitForTimeout(500);
  await panel.screenshot(shot('interactive-dark'));

  // a restart forgets the function
  await page.evaluate(async () => {
    const { jupyterapp } = window as unknown as {
      jupyterapp: {
        shell: { currentWidget: { sessionContext: { session: { kernel: { restart(): Promise<void> } } } } };
      };
    };
    await jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart();
  });
  await expect(view.locator('.nb-Interactive-words')).toHaveText('Not live: run the cell again.', {
    timeout: 60_000,
  });

  // as a stranger's notebook: the picture stands, no control answers
  const saved = await page.evaluate(() => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    return jupyterapp.shell.currentWidget.content.widgets.map(widget => widget.model.toJSON());
  });
  const strange = await open(page, tmpPath, 'strange.ipynb', notebook(...saved));
  await expect(strange.locator('.nb-Interactive .gtitle')).toHaveText('3 sin');
  await expect(strange.getByRole('slider', { name: 'waves' })).toBeDisabled();
  await expect(strange.locator('.nb-Interactive-words')).toContainText('not trusted');
});
