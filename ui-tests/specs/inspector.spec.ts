/**
 * Promise: the inspector lists the models in a notebook's kernel and shows what their sites do, by keyboard alone;
 * stops a running cell; tells the kernel's memory; and asks no kernel about a notebook that is not trusted.
 */
import { expect } from '@jupyterlab/galata';
import { violations } from '../axe.ts';
import { open, runAll, shot, test, type Lab } from '../lab.ts';
import { cell, grid, notebook } from '../notebooks.ts';

// Galata reads each answer of the kernels API as JSON, and stumbles over that to an interrupt
test.use({ kernels: null });

const source = `import { load, textures, rng } from 'neuronbook';
const model = await load('zoo:textures');
const { image } = textures.batch(rng('inspector'), 2);`;
const long = 'for (let i = 0; ; i++) await new Promise(resolve => setTimeout(resolve, 20));';

test('models are looked into beside their notebook', async ({ page, tmpPath }) => {
  test.setTimeout(300_000);
  const execute = (id: string) =>
    page.evaluate(id => {
      const { jupyterapp } = window as unknown as { jupyterapp: Lab };
      void jupyterapp.commands.execute(id, {});
    }, id);
  const panel = await open(page, tmpPath, 'inspected.ipynb', notebook(cell(source)));
  await page.sidebar.close();
  await runAll(page);
  await expect(panel.locator('.jp-InputPrompt').first()).toHaveText('[1]:', { timeout: 120_000 });

  await execute('neuronbook:show-inspector');
  const inspector = page.locator('.nb-Inspector');
  const tree = inspector.getByRole('tree', { name: 'Models and their sites' });
  await expect(tree.getByRole('treeitem', { name: /^▾? ?model textures, \d+ sites$/ })).toBeVisible();

  // by keys: from the model to a site, and what it does
  await tree.getByRole('treeitem').first().focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Home');
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('ArrowDown');
    if (/^conv3/.test((await page.locator(':focus').textContent()) ?? '')) break;
  }
  await page.keyboard.press('Enter');
  await expect(inspector.getByRole('heading', { name: 'conv3' })).toBeVisible();
  await expect(inspector.getByRole('combobox', { name: 'What is fed to image' })).toHaveValue('image');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(inspector.getByRole('button', { name: 'Activations', exact: true })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(inspector.locator('.nb-Matrix .nb-View-title')).toHaveText('conv3', { timeout: 60_000 });
  // the map is seen, not only what stands above it
  await expect(inspector.locator('.nb-Inspector-result .nb-HeatMap')).toBeInViewport({ ratio: 0.9 });
  expect(await violations(page, '.nb-Inspector')).toEqual([]);
  await page.screenshot(shot('inspector-light'));
  await inspector.getByRole('button', { name: 'Statistics', exact: true }).press('Enter');
  await expect(inspector.locator('.nb-Inspector-result')).toContainText(/mean -?[\d.e-]+, deviation/, {
    timeout: 60_000,
  });

  // the cell that does it is written, and runs when somebody runs it
  await inspector.getByRole('button', { name: 'Insert the cell for Activations' }).press('Enter');
  await expect(panel.locator('.jp-Notebook-cell').nth(1)).toContainText(
    "view.matrix(sites.conv3, { title: 'conv3' });",
  );
  await execute('notebook:run-cell');
  await expect(panel.locator('.nb-Matrix .nb-View-title')).toHaveText('conv3', { timeout: 60_000 });

  // memory, and a cell that is stopped
  await expect(inspector.locator('.nb-Inspector-memory')).toHaveText(/^[\d,.]+ MB of /, { timeout: 30_000 });
  await page.evaluate(source => {
    const { jupyterapp } = window as unknown as {
      jupyterapp: {
        shell: {
          currentWidget: {
            content: { activeCell: { model: { sharedModel: { setSource(text: string): void } } } };
          };
        };
      };
    };
    jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(source);
  }, long);
  await execute('notebook:run-cell');
  await expect(inspector.locator('.nb-Inspector-runs li')).toContainText('for (let i = 0');
  await page.theme.setDarkTheme();
  await page.waitForTimeout(500);
  await page.screenshot(shot('inspector-dark'));
  expect(await violations(page, '.nb-Inspector')).toEqual([]);
  await inspector.getByRole('button', { name: /^Stop the cell/ }).press('Enter');
  await expect(inspector.locator('.nb-Inspector-runs li')).toHaveCount(0, { timeout: 60_000 });

  // a stranger's notebook: its kernel, which runs, is not asked
  let asked = 0;
  page.on('websocket', socket =>
    socket.on('framesent', ({ payload }) => {
      if (payload.toString().includes('comm_open')) asked++;
    }),
  );
  await open(page, tmpPath, 'strange.ipynb', notebook(cell('viz.feature(…)', grid())));
  await expect(inspector.locator('.nb-Inspector-words')).toContainText('not trusted');
  await inspector.getByRole('button', { name: 'Look again' }).click();
  await expect(tree).toBeHidden();
  await page.waitForTimeout(1000);
  expect(asked).toBe(0);
});
