/**
 * Promise: a double click on a network or a file of tensors shows what is in it, without a kernel and without reading
 * more of it than that takes; a damaged file says what is wrong with it.
 */
import { readFileSync } from 'node:fs';
import { expect } from '@jupyterlab/galata';
import { violations } from '../axe.ts';
import { shot, test, type Lab } from '../lab.ts';

const file = (path: string) => readFileSync(new URL(`../../kernel/${path}`, import.meta.url));

/** Two tensors, one of them of 48 MB. */
function large(): Buffer {
  const wide = 12_000_000;
  const header = Buffer.from(
    JSON.stringify({
      bias: { dtype: 'F32', shape: [4], data_offsets: [0, 16] },
      'layer.weight': { dtype: 'F32', shape: [3000, 4000], data_offsets: [16, 16 + 4 * wide] },
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bias = Buffer.from(Float32Array.of(1, -2, 0, 4).buffer);
  return Buffer.concat([length, header, bias, Buffer.alloc(4 * wide)]);
}

test('files are opened without a kernel', async ({ page, tmpPath }) => {
  const put = (name: string, bytes: Buffer) =>
    page.contents.uploadContent(bytes.toString('base64'), 'base64', `${tmpPath}/${name}`);
  const textures = file('zoo/textures/textures.onnx');
  await put('textures.onnx', textures);
  await put('broken.onnx', textures.subarray(0, 20_000));
  await put('large.safetensors', large());
  let bytes = 0;
  page.on('response', response => {
    if (/\/files\//.test(response.url())) bytes += Number(response.headers()['content-length'] ?? 0);
  });

  await page.evaluate(async path => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    await jupyterapp.commands.execute('filebrowser:go-to-path', { path, dontShowBrowser: false });
  }, tmpPath);
  const listed = page.locator('.jp-DirListing-item', { hasText: 'textures.onnx' });
  await expect(listed.locator('svg[data-icon="neuronbook:network"]')).toBeVisible();
  await listed.dblclick();
  const shown = page.locator('.nb-File:visible');
  await expect(shown.locator('.nb-Graph-box').nth(3)).toBeVisible({ timeout: 60_000 });
  await expect(shown.locator('.nb-View-title')).toHaveText(/^textures\.onnx · \d+ operators/);
  const weight = shown.locator('tr', { hasText: 'conv1.weight' });
  await weight.getByRole('button').click();
  await expect(weight).toContainText(/mean -?[\d.e-]+ · deviation 0\.\d+/);
  expect(await violations(page, '.nb-File')).toEqual([]);
  await page.screenshot(shot('file-onnx'));
  // no kernel was started for it
  expect(await page.evaluate(async () => (await (await fetch('/api/sessions')).json()).length)).toBe(0);

  bytes = 0;
  await page.locator('.jp-DirListing-item', { hasText: 'large.safetensors' }).dblclick();
  const rows = page.locator('.nb-File:visible tbody tr');
  await expect(rows).toHaveCount(2);
  expect(bytes).toBeLessThan(10_000);
  await rows.first().getByRole('button', { name: 'Statistics of bias' }).click();
  await expect(rows.first()).toContainText('mean 0.75');
  await expect(rows.first()).toContainText('25.0 % zeros');
  await page.getByRole('button', { name: 'Size', exact: true }).locator('visible=true').click();
  await expect(page.locator('.nb-File:visible tbody tr').first()).toContainText('layer.weight');
  await page.theme.setDarkTheme();
  await page.waitForTimeout(500);
  expect(await violations(page, '.nb-File:not(.lm-mod-hidden)')).toEqual([]);
  await page.screenshot(shot('file-safetensors-dark'));

  await page.locator('.jp-DirListing-item', { hasText: 'broken.onnx' }).dblclick();
  await expect(page.locator('.nb-File:visible').getByRole('alert')).toHaveText(
    'This file cannot be shown: broken.onnx: the file ends in the middle of a field, after 20000 bytes; it was cut short; download or copy it again.',
  );
});
