/** Networks and what Captum 0.9.0, zennit 0.5.1 (`fixtures/reference.py`) and LXT 2.1 (`fixtures/attnlrp.py`) say of them. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { readNpz } from '../../data/files/npy.ts';
import { load } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';

const folder = new URL('./fixtures/', import.meta.url);

export const reference = (name: 'reference' | 'attnlrp' = 'reference'): Promise<Record<string, Tensor>> =>
  readNpz(new Uint8Array(readFileSync(new URL(`${name}.npz`, folder))));

export const network = (name: string): Promise<Model> =>
  load(new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder))));

/** max |a − b| / max |b| */
export function difference(ours: Tensor, theirs: Tensor): number {
  expect(formatDims(ours.dims)).toBe(formatDims(theirs.dims));
  const [a, b] = [ours.toNumbers(), theirs.toNumbers()];
  const most = b.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
  return a.reduce((m, value, i) => Math.max(m, Math.abs(value - b[i])), 0) / most;
}
