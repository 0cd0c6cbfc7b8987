/** Frames between runner and supervisor arrive whole, however the pipe cuts them. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { createFrameReader, encodeFrame } from './frames.ts';
import type { RunnerEvent } from './runner-protocol.ts';

function comm(buffers: Buffer[]): RunnerEvent {
  return {
    type: 'comm',
    run: 1,
    event: 'msg',
    comm: 'c',
    target: 't',
    data: { x: 1 },
    metadata: {},
    buffers,
  };
}

const events: RunnerEvent[] = [
  { type: 'ready' },
  { type: 'stream', run: 7, name: 'stdout', text: 'grüße 😀\n' },
  { type: 'stream', run: 4_000_000_000, name: 'stderr', text: '' },
  { type: 'result', run: 7, data: { 'text/plain': 'x'.repeat(5000) }, metadata: {} },
  comm([]),
  comm([Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(3_000, 7)]),
  comm([Buffer.alloc(70_000, 1), Buffer.from('end')]),
  { type: 'done', run: 7, error: undefined, expressions: {} },
];

test.each([1, 2, 3, 1000, 100_000])('in chunks of up to %i bytes', size => {
  const random = rng(size);
  const bytes = Buffer.concat(events.flatMap(encodeFrame));
  const received: RunnerEvent[] = [];
  const read = createFrameReader(event => received.push(event));
  for (let offset = 0; offset < bytes.length;) {
    const length = 1 + random.integer(size);
    read(bytes.subarray(offset, offset + length));
    offset += length;
  }
  expect(received).toEqual(events);
});

test('a buffer may be any view of memory, or memory itself', () => {
  const memory = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
  const given = [memory, new Float32Array(memory, 4, 1), new DataView(memory, 1, 2)];
  const received: RunnerEvent[] = [];
  const read = createFrameReader(event => received.push(event));
  read(Buffer.concat(encodeFrame(comm(given as unknown as Buffer[]))));
  expect(received).toEqual([
    comm([Buffer.of(1, 2, 3, 4, 5, 6, 7, 8), Buffer.of(5, 6, 7, 8), Buffer.of(2, 3)]),
  ]);
});
