/** A notebook written for tslab, run by this kernel. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setHost, type DisplayOptions, type MimeBundle } from '../../base/host.ts';
import { createEvaluator } from '../evaluate.ts';

let shown: { data: MimeBundle; options: DisplayOptions }[];
beforeEach(() => {
  shown = [];
  setHost({
    display: (data, options = {}) => void shown.push({ data, options }),
    clear() {},
    interrupted: false,
    enterNative() {},
    leaveNative() {},
  });
});
afterEach(() => setHost(undefined));

async function run(...cells: string[]): Promise<unknown> {
  const cwd = mkdtempSync(join(tmpdir(), 'tslab-'));
  writeFileSync(
    join(cwd, 'local.ts'),
    `import { display } from 'tslab';\nexport const show = () => display.html('<i>local</i>');`,
  );
  const evaluator = createEvaluator({ cwd, check() {} });
  let value: unknown;
  for (const [i, cell] of cells.entries()) ({ value } = await evaluator.run(cell, i + 1));
  return value;
}

test('each kind of content, by every way of importing', async () => {
  await run(
    `import * as tslab from 'tslab';
     import { display } from 'tslab';
     tslab.display.html('<b>bold</b>');
     display.javascript('alert(1)'); display.markdown('**m**'); display.latex('$x$'); display.svg('<svg/>'); display.text('t');`,
    `const bytes = new Uint8Array([1, 2, 255]);
     for (const kind of ['png', 'jpeg', 'gif', 'pdf'] as const) tslab.display[kind](bytes);
     display.raw('application/json', '{}'); display.raw('image/webp', Buffer.from(bytes));`,
    `require('tslab').display.html('<u>required</u>')`,
    `import { show } from './local'; show()`,
  );
  expect(shown.map(({ data }) => data)).toEqual([
    { 'text/html': '<b>bold</b>', 'text/plain': 'bold' },
    { 'text/javascript': 'alert(1)', 'text/plain': 'alert(1)' },
    { 'text/markdown': '**m**', 'text/plain': '**m**' },
    { 'text/latex': '$x$', 'text/plain': '$x$' },
    { 'image/svg+xml': '<svg/>', 'text/plain': 'svg picture' },
    { 'text/plain': 't' },
    { 'image/png': 'AQL/', 'text/plain': 'image/png, 3 bytes' },
    { 'image/jpeg': 'AQL/', 'text/plain': 'image/jpeg, 3 bytes' },
    { 'image/gif': 'AQL/', 'text/plain': 'image/gif, 3 bytes' },
    { 'application/pdf': 'AQL/', 'text/plain': 'application/pdf, 3 bytes' },
    { 'application/json': '{}', 'text/plain': '{}' },
    { 'image/webp': 'AQL/', 'text/plain': 'image/webp, 3 bytes' },
    { 'text/html': '<u>required</u>', 'text/plain': 'required' },
    { 'text/html': '<i>local</i>', 'text/plain': 'local' },
  ]);
  expect(shown.every(({ options }) => !options.update && options.id === undefined)).toBe(true);
});

test('newDisplay shows once, and then in place', async () => {
  await run(
    `import { newDisplay } from 'tslab'; const a = newDisplay(), b = newDisplay();`,
    `a.text('1'); b.text('other'); a.html('2')`,
    `a.text('3')`,
  );
  const ids = [...new Set(shown.map(({ options }) => options.id))];
  expect(ids).toHaveLength(2);
  expect(shown.map(({ options }) => [ids.indexOf(options.id), options.update])).toEqual([
    [0, false],
    [1, false],
    [0, true],
    [0, true],
  ]);
});

test('versions', async () => {
  expect(await run(`import { versions } from 'tslab'; versions`)).toEqual({
    tslab: '1.0.22',
    typescript: '6.0.3',
    node: process.version,
  });
});
