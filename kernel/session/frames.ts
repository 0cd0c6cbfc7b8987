/**
 * The pipe from runner to supervisor. A frame is `[length: u32][kind: u8][body]`; text, by far the most
 * common, has a body of `[run: u32][utf-8]`, everything else is structured clone. Writes block: a loop that prints
 * without end waits for the reader instead of filling memory, and what was written arrives even where
 * the runner dies on its next line.
 */
import { writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { RunnerEvent } from './runner-protocol.ts';

const Kind = { EVENT: 0, STDOUT: 1, STDERR: 2 } as const;
const HEAD = 5;
const nap = new Int32Array(new SharedArrayBuffer(4));

export function encodeFrame(event: RunnerEvent): Buffer {
  const text = event.type === 'stream';
  const body = text ? Buffer.from(event.text) : serialize(event);
  const frame = Buffer.allocUnsafe(HEAD + (text ? 4 : 0) + body.length);
  frame.writeUInt32LE(frame.length - HEAD, 0);
  frame[4] = text ? (event.name === 'stdout' ? Kind.STDOUT : Kind.STDERR) : Kind.EVENT;
  if (text) frame.writeUInt32LE(event.run, HEAD);
  body.copy(frame, frame.length - body.length);
  return frame;
}

/** Writes all of `bytes`, however long the reader takes. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(nap, 0, 0, 1);
    }
  }
}

/** Collects chunks as they arrive and hands out whole events. */
export function createFrameReader(handler: (event: RunnerEvent) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  let wanted = HEAD;
  return chunk => {
    parts.push(chunk);
    size += chunk.length;
    if (size < wanted) return;
    let rest = parts.length === 1 ? parts[0] : Buffer.concat(parts, size);
    for (wanted = HEAD; rest.length >= HEAD;) {
      wanted = HEAD + rest.readUInt32LE(0);
      if (rest.length < wanted) break;
      handler(decode(rest[4], rest.subarray(HEAD, wanted)));
      rest = rest.subarray(wanted);
      wanted = HEAD;
    }
    parts = rest.length ? [rest] : [];
    size = rest.length;
  };
}

function decode(kind: number, body: Buffer): RunnerEvent {
  if (kind === Kind.EVENT) return deserialize(body) as RunnerEvent;
  const name = kind === Kind.STDOUT ? 'stdout' : 'stderr';
  return { type: 'stream', run: body.readUInt32LE(0), name, text: body.toString('utf8', 4) };
}
