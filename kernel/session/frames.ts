/**
 * The pipes between runner and supervisor. A frame is `[length: u32][kind: u8][body]`:
 *
 *   text, by far the most common   `[run: u32][utf-8]`
 *   anything else                  structured clone
 *   what carries buffers           `[count: u32][size: u32 …][length of message: u32][message without them][buffers …]`
 *
 * so that fifty megabytes are copied by the pipe alone. The runner's writes block: a loop that prints without end waits
 * for the reader instead of filling memory, and what was written arrives even where the runner dies on its next line.
 */
import { writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { RunnerEvent, RunnerRequest } from './runner-protocol.ts';

export type Framed = RunnerEvent | RunnerRequest;

const Kind = { MESSAGE: 0, STDOUT: 1, STDERR: 2, BUFFERS: 3 } as const;
const HEAD = 5;
const WORD = 4;
const nap = new Int32Array(new SharedArrayBuffer(4));

/** The frame, in parts that are written one after another. */
export function encodeFrame(message: Framed): Uint8Array[] {
  if (message.type === 'stream') {
    const made = emptyFrame(
      message.name === 'stdout' ? Kind.STDOUT : Kind.STDERR,
      WORD + Buffer.byteLength(message.text),
    );
    made.writeUInt32LE(message.run, HEAD);
    made.write(message.text, HEAD + WORD);
    return [made];
  }
  if (!('buffers' in message) || !message.buffers.length) return [frame(Kind.MESSAGE, serialize(message))];
  const buffers = message.buffers.map(bytesOf);
  const rest = serialize({ ...message, buffers: [] });
  const sizes = buffers.map(({ length }) => length);
  const head = frame(Kind.BUFFERS, words(sizes.length, ...sizes, rest.length), rest);
  head.writeUInt32LE(
    sizes.reduce((a, b) => a + b, head.length - HEAD),
    0,
  );
  return [head, ...buffers];
}

function emptyFrame(kind: number, length: number): Buffer {
  const made = Buffer.allocUnsafe(HEAD + length);
  made.writeUInt32LE(length, 0);
  made[WORD] = kind;
  return made;
}

function frame(kind: number, ...parts: Uint8Array[]): Buffer {
  const made = emptyFrame(
    kind,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = HEAD;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

const words = (...values: number[]): Uint8Array => {
  const made = Buffer.allocUnsafe(values.length * WORD);
  for (const [i, value] of values.entries()) made.writeUInt32LE(value, i * WORD);
  return made;
};

/** A view of what a cell gave as a buffer. */
const bytesOf = (value: Uint8Array | ArrayBuffer): Buffer =>
  ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value);

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

export interface FrameReader {
  /** Bytes that have come: a chunk of their own, or what was read into `space`. */
  take(chunk: Buffer): void;
  /** Where the rest of a frame on its way belongs; bytes read into its beginning are not copied again. */
  space(): Buffer | undefined;
}

/** Collects chunks as they arrive and hands out whole messages. */
export function createFrameReader<T extends Framed>(handler: (message: T) => void): FrameReader {
  /** Less than a head. */
  let rest: Buffer = Buffer.alloc(0);
  /** A frame on its way, put together in place, and how much of it is there. */
  let partial: Buffer | undefined;
  let filled = 0;

  function parse(chunk: Buffer): void {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    while (rest.length >= HEAD) {
      const wanted = HEAD + rest.readUInt32LE(0);
      if (rest.length < wanted) {
        partial = Buffer.allocUnsafe(wanted);
        filled = rest.copy(partial);
        rest = rest.subarray(rest.length);
        return;
      }
      const whole = rest.subarray(0, wanted);
      rest = rest.subarray(wanted);
      handler(decode(whole) as T);
    }
  }

  return {
    take(chunk) {
      if (!partial) return parse(chunk);
      const inPlace = chunk.buffer === partial.buffer && chunk.byteOffset === partial.byteOffset + filled;
      const used = inPlace ? chunk.length : chunk.copy(partial, filled);
      filled += used;
      if (filled < partial.length) return;
      const whole = partial;
      partial = undefined;
      handler(decode(whole) as T);
      parse(chunk.subarray(used));
    },
    space: () => partial?.subarray(filled),
  };
}

function decode(whole: Buffer): Framed {
  const kind = whole[WORD];
  const body = whole.subarray(HEAD);
  if (kind === Kind.MESSAGE) return deserialize(body) as Framed;
  if (kind === Kind.BUFFERS) return decodeBuffers(body);
  const name = kind === Kind.STDOUT ? 'stdout' : 'stderr';
  return { type: 'stream', run: body.readUInt32LE(0), name, text: body.toString('utf8', WORD) };
}

function decodeBuffers(body: Buffer): Framed {
  const count = body.readUInt32LE(0);
  const word = (i: number) => body.readUInt32LE(i * WORD);
  const start = (count + 2) * WORD;
  let at = start + word(count + 1);
  const message = deserialize(body.subarray(start, at)) as Framed;
  const buffers = Array.from({ length: count }, (_, i) => body.subarray(at, (at += word(i + 1))));
  return { ...message, buffers } as Framed;
}
