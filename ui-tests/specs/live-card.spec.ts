/**
 * Promise: where a reader asks for the graphics card, live figures compute by WebGPU; where the card is refused, or gives up at an
 * operator, WebAssembly takes its place with the same values, and the figure says so. The card here is one of software.
 */
import { expect, galata } from '@jupyterlab/galata';
import { liveFigures } from '../live-figures.ts';
import { open, shot, test } from '../lab.ts';

test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), '--enable-unsafe-webgpu'] });
  },
});
test.use({
  mockSettings: { ...galata.DEFAULT_SETTINGS, 'neuronbook-lab:plugin': { graphicsCard: 'always' } },
});

/** What stands before the worker's own script, and what the figure then says. */
const cards = {
  'the card computes': {
    before: '',
    note: 'computed in this page by WebGPU',
    why: '',
    fetched: 'ort.webgpu.bundle.min.mjs',
    within: 1e-3,
  },
  'a card that is refused': {
    before: "Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => null } });",
    note: 'computed in this page by WebAssembly in place of WebGPU',
    why: 'WebGPU found no graphics card',
    fetched: 'ort.wasm.bundle.min.mjs',
    within: 1e-4,
  },
  'an operator that the card cannot run': {
    before: "GPUDevice.prototype.createShaderModule = () => { throw new Error('no shaders today'); };",
    note: 'computed in this page by WebAssembly in place of WebGPU',
    why: 'no shaders today',
    fetched: 'ort.wasm.bundle.min.mjs',
    within: 1e-4,
  },
};

test('live figures compute by WebGPU, and by WebAssembly where it fails', async ({ page, tmpPath }) => {
  test.setTimeout(300_000);
  const { notebook, figures } = await liveFigures();
  const { settings, expected } = figures.textures.asked;
  let before = '';
  await page.route('**/static/live/worker.js', async route => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${before}\n${await response.text()}` });
  });
  for (const [name, card] of Object.entries(cards)) {
    ({ before } = card);
    const fetched: string[] = [];
    page.on('request', request => fetched.push(request.url().split('/').at(-1)!));
    const panel = await open(page, tmpPath, `${name}.ipynb`, notebook);
    const figure = panel.locator('.nb-Live').first();
    await figure.getByRole('button', { name: 'Run in this page' }).click();
    const told = figure.evaluate(
      (node, wanted) =>
        new Promise<{ provider: string; values: number[] }>(resolve =>
          node.addEventListener('neuronbook:values', event => {
            const { detail } = event as CustomEvent<{
              settings: Record<string, unknown>;
              values: Record<string, { data: Float32Array }>;
              provider: string;
            }>;
            if (
              Object.entries(wanted).every(
                ([name, value]) => name === 'picture' || detail.settings[name] === value,
              )
            )
              resolve({ provider: detail.provider, values: Array.from(detail.values['shown.0'].data) });
          }),
        ),
      settings,
    );
    await figure.getByRole('button', { name: String(settings.picture), exact: true }).click();
    await figure.getByRole('slider', { name: 'strength' }).fill(String(settings.strength));
    await figure.getByRole('combobox', { name: 'silenced' }).selectOption(String(settings.silenced));
    await expect(figure.locator('.nb-Live-note')).toContainText(card.note, { timeout: 90_000 });
    await expect(figure).toHaveAttribute('data-state', 'current', { timeout: 90_000 });
    const { provider, values } = await told;
    const worst = Math.max(...values.map((value, i) => Math.abs(value - expected[0][i])));
    console.log(`${name}: by ${provider}, ${worst.toExponential(1)} from the network’s own values`);
    expect(worst).toBeLessThan(card.within);
    expect(fetched).toContain(card.fetched);
    if (card.why)
      await expect(figure.locator('.nb-Live-note')).toHaveAttribute('title', new RegExp(card.why));
    else expect(provider).toBe('webgpu');
    await panel.screenshot(shot(`live-card-${name.replaceAll(' ', '-')}`));
  }
});
