/** Where harvests are written: what is left of one that was killed, and how the next goes on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Columns } from '../../base/columns.ts';
import { writeParquet } from '../../base/platform/store.node.ts';
import { openActivations, Recorder } from './recorder.ts';

let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'neuronbook-recorder-'))));
afterAll(() => rmSync(root, { recursive: true }));

/** Batch `step`: 5 rows whose two values tell row and column. */
const batch = (step: number, rows = 5): Columns => ({
  rows,
  columns: [
    { name: 'example', width: 1, data: Int32Array.from({ length: rows }, (_, i) => 5 * step + i) },
    { name: 'post', width: 2, data: Float32Array.from({ length: 2 * rows }, (_, i) => 10 * step + i) },
  ],
});
/** 12 rows of 12 bytes a part: two batches. */
const options = (to: string) => ({ to, fingerprint: 'same', partBytes: 12 * 12 });

test('a harvest that was killed goes on behind its last part: no row is lost, none is twice', async () => {
  const to = join(root, 'killed');
  const killed = await Recorder.open(options(to));
  for (let step = 0; step < 7; step++) await killed.append(batch(step));
  // three parts are written, the seventh batch is lost; half a part is left behind
  writeFileSync(join(to, 'part-000003.parquet'), 'half');
  expect((await openActivations(to)).rows).toBe(30);

  const next = await Recorder.open(options(`${to}/`));
  expect([next.batches, next.rows, next.complete]).toEqual([6, 30, false]);
  for (let step = 6; step < 10; step++) await next.append(batch(step));
  const acts = await next.close(true);
  const { example, post } = await acts.slice(0);
  expect(example.toNumbers()).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(post.toNumbers()).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect((await Recorder.open(options(to))).complete).toBe(true);
});

test('a batch larger than a part is a part of its own, and odd columns are refused', async () => {
  const recorder = await Recorder.open(options(join(root, 'large')));
  await recorder.append(batch(0));
  await recorder.append(batch(1, 40));
  const strange = {
    rows: 1,
    columns: [batch(0).columns[0], { name: 'pre', width: 3, data: new Float32Array(3) }],
  };
  await expect(recorder.append(strange)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: pre has 3 values a row; expected post with 2, as before]`,
  );
  expect((await recorder.close(true)).rows).toBe(45);
});

test('another harvest is not gone on with', async () => {
  const to = join(root, 'other');
  const first = await Recorder.open(options(to));
  await first.append(batch(0));
  await first.close(true);
  await expect(Recorder.open({ ...options(to), fingerprint: 'other' })).rejects.toThrow(
    'holds another harvest, of post',
  );
  expect((await Recorder.open({ ...options(to), fingerprint: 'other', overwrite: true })).rows).toBe(0);
});

test('a part that is not the one that was written is found out', async () => {
  const to = join(root, 'changed');
  const recorder = await Recorder.open(options(to));
  for (let step = 0; step < 4; step++) await recorder.append(batch(step));
  await recorder.close(true);
  const other = (rows: number, width: number) => ({
    rows,
    columns: [batch(0, rows).columns[0], { name: 'post', width, data: new Float32Array(rows * width) }],
  });
  const reading = async (table: Columns) => {
    await writeParquet(join(to, 'part-000001.parquet'), table);
    return (await openActivations(to)).slice(12).then(
      () => 'read',
      (error: Error) => error.message.replace(to, '…'),
    );
  };
  expect(await reading(other(10, 2))).toBe('read');
  expect(await reading(other(9, 2))).toBe('…/part-000001.parquet has 9 rows; expected 10: it was changed');
  expect(await reading(other(10, 3))).toBe(
    '…/part-000001.parquet has 3 values of post a row; expected 2: it was changed',
  );
});
