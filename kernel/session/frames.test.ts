/** Frames between runner and supervisor arrive whole, however the pipe cuts them. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { createFrameReader, encodeFrame } from './frames.ts';
import type { CommEvent, RunnerEvent, RunnerRequest } from './runner-protocol.ts';

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
  const reader = createFrameReader<RunnerEvent>(event => received.push(event));
  for (let offset = 0; offset < bytes.length;) {
    const length = 1 + random.integer(size);
    reader.take(bytes.subarray(offset, offset + length));
    offset += length;
  }
  expect(received).toEqual(events);
});

test('requests too, and a buffer as large as a pipe never is', () => {
  const buffers = [Buffer.alloc(5_000_000, 3), Buffer.from('end')];
  const requests: RunnerRequest[] = [
    { type: 'execute', run: 1, code: 'const x = "ü"', count: 1, expressions: { a: 'x' } },
    { type: 'comm', run: 2, event: 'msg', comm: 'c', target: 't', data: {}, metadata: {}, buffers },
    { type: 'interrupt', run: 2 },
  ];
  const bytes = Buffer.concat(requests.flatMap(encodeFrame));
  const received: RunnerRequest[] = [];
  const reader = createFrameReader<RunnerRequest>(request => received.push(request));
  for (let offset = 0; offset < bytes.length;) {
    // as a socket reads: into the place of the frame where one is on its way
    const memory = reader.space() ?? Buffer.alloc(65_536);
    const length = bytes.copy(memory, 0, offset, offset + 65_536);
    reader.take(memory.subarray(0, length));
    offset += length;
  }
  expect(received.length).toBe(3);
  expect(received[1]).toMatchObject({ type: 'comm', run: 2, event: 'msg' });
  const { buffers: back } = received[1] as CommEvent;
  expect(back.map((buffer, i) => buffers[i].equals(buffer))).toEqual([true, true]);
  expect([received[0], received[2]]).toEqual([requests[0], requests[2]]);
});

test('each buffer has memory of its own, from where it begins, or what it is given', () => {
  const given = Buffer.alloc(12);
  const received: RunnerEvent[] = [];
  const reader = createFrameReader<RunnerEvent>(
    event => received.push(event),
    size => (size === 12 ? given : Buffer.allocUnsafeSlow(size)),
  );
  const floats = Buffer.from(Float64Array.of(1, 2).buffer);
  reader.take(Buffer.concat(encodeFrame(comm([Buffer.from('a'), floats, Buffer.alloc(12, 5)]))));
  const { buffers } = received[0] as CommEvent;
  expect([...new Float64Array(buffers[1].buffer)]).toEqual([1, 2]);
  expect(buffers[2]).toBe(given);
  expect(given).toEqual(Buffer.alloc(12, 5));
});

test('a buffer may be any view of memory, or memory itself', () => {
  const memory = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
  const given = [memory, new Float32Array(memory, 4, 1), new DataView(memory, 1, 2)];
  const received: RunnerEvent[] = [];
  const reader = createFrameReader<RunnerEvent>(event => received.push(event));
  reader.take(Buffer.concat(encodeFrame(comm(given as unknown as Buffer[]))));
  expect(received).toEqual([
    comm([Buffer.of(1, 2, 3, 4, 5, 6, 7, 8), Buffer.of(5, 6, 7, 8), Buffer.of(2, 3)]),
  ]);
});
