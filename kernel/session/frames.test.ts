/** Frames between runner and supervisor arrive whole, however the pipe cuts them. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { createFrameReader, encodeFrame } from './frames.ts';
import type { RunnerEvent } from './runner-protocol.ts';

const events: RunnerEvent[] = [
  { type: 'ready' },
  { type: 'stream', run: 7, name: 'stdout', text: 'grüße 😀\n' },
  { type: 'stream', run: 4_000_000_000, name: 'stderr', text: '' },
  { type: 'result', run: 7, data: { 'text/plain': 'x'.repeat(5000) }, metadata: {} },
  { type: 'done', run: 7, error: undefined, expressions: {} },
];

test.each([1, 2, 3, 1000, 100_000])('in chunks of up to %i bytes', size => {
  const random = rng(size);
  const bytes = Buffer.concat(events.map(encodeFrame));
  const received: RunnerEvent[] = [];
  const read = createFrameReader(event => received.push(event));
  for (let offset = 0; offset < bytes.length;) {
    const length = 1 + random.integer(size);
    read(bytes.subarray(offset, offset + length));
    offset += length;
  }
  expect(received).toEqual(events);
});
