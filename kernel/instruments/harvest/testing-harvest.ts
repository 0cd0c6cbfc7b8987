/** What the tests of harvesting share: a small network, its tokens, folders that go again, and an interrupt. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../base/host.ts';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { Model } from '../../model/model.ts';
import { embedding, linear, network, relu, sequential } from '../../nn/index.ts';

/** Tokens in a sequence. */
export const LENGTH = 16;
/** Sites `pre` and `post`, 12 wide. */
export const model = new Model(
  'small',
  network(
    sequential(
      embedding('embed', { count: 50, features: 8 }),
      linear('pre', { features: 12 }),
      relu('post'),
      linear('logits', { features: 50 }),
    ),
    { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' }, seed: 3 },
  ),
);
export const tokensOf = (count: number, seed: number | string = 1): Tensor => {
  const random = rng(seed);
  return tensor(
    BigInt64Array.from({ length: count * LENGTH }, () => BigInt(random.integer(50))),
    [count, LENGTH],
  );
};

export const root = mkdtempSync(join(tmpdir(), 'neuronbook-acts-'));
export const removeRoot = (): void => rmSync(root, { recursive: true });
let fresh = 0;
export const folder = (): string => join(root, `acts${fresh++}`);
export const quiet = { live: false } as const;

/** A host that counts how often it was asked, and is interrupted from the `after`-th time on. */
export const interruptedAfter = (after: number): Host => {
  let asked = 0;
  return {
    display() {},
    clear() {},
    enterNative() {},
    leaveNative() {},
    get interrupted() {
      return ++asked >= after;
    },
  };
};
