/**
 * The pipes between runner and supervisor. A frame is `[length: u32][kind: u8][body]`:
 *
 *   text, by far the most common   `[run: u32][utf-8]`
 *   anything else                  structured clone
 *   what carries buffers           `[count: u32][size: u32 …][message without them]`, and behind the frame each buffer
 *
 * so that fifty megabytes are copied by the pipe alone, to memory of their own. The runner's writes block: a loop that
 * prints without end waits for the reader instead of filling memory, and what was written arrives even where the runner
 * dies on its next line.
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
  const sizes = buffers.map(({ length }) => length);
  return [
    frame(Kind.BUFFERS, words(sizes.length, ...sizes), serialize({ ...message, buffers: [] })),
    ...buffers,
  ];
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

/** Collects chunks as they arrive and hands out whole messages; their buffers lie in what `allocate` gives. */
export function createFrameReader<T extends Framed>(
  handler: (message: T) => void,
  allocate: (size: number) => Buffer = Buffer.allocUnsafeSlow,
): FrameReader {
  /** Less than a head. */
  let rest: Buffer = Buffer.alloc(0);
  /** What is on its way to its place, how much of it is there, and who waits for it. */
  let partial: { space: Buffer; filled: number; then(whole: Buffer): void } | undefined;

  /** All but what belongs to the part on its way. */
  function fill(chunk: Buffer, part: NonNullable<typeof partial>): Buffer | undefined {
    const { space, filled, then } = part;
    const inPlace = chunk.buffer === space.buffer && chunk.byteOffset === space.byteOffset + filled;
    const used = inPlace ? chunk.length : chunk.copy(space, filled);
    part.filled += used;
    if (part.filled < space.length) return undefined;
    partial = undefined;
    then(space);
    return used < chunk.length ? chunk.subarray(used) : undefined;
  }

  /** All but the first frame. */
  function parse(chunk: Buffer): Buffer | undefined {
    const all = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    rest = all.subarray(all.length);
    const wanted = all.length < HEAD ? Infinity : HEAD + all.readUInt32LE(0);
    if (wanted === Infinity) rest = all;
    else if (all.length < wanted)
      return fill(all, (partial = { space: Buffer.allocUnsafe(wanted), filled: 0, then: finish }));
    else finish(all.subarray(0, wanted));
    return all.length > wanted ? all.subarray(wanted) : undefined;
  }

  function finish(whole: Buffer): void {
    if (whole[WORD] === Kind.BUFFERS) collect(sizesOf(whole), messageOf(whole), []);
    else handler(decode(whole) as T);
  }

  /** Waits for the buffers that come behind their frame. */
  function collect(sizes: number[], message: Framed, buffers: Buffer[]): void {
    for (let size; (size = sizes[buffers.length]) !== undefined;) {
      const space = allocate(size);
      buffers.push(space);
      if (!size) continue;
      partial = { space, filled: 0, then: () => collect(sizes, message, buffers) };
      return;
    }
    handler({ ...message, buffers } as unknown as T);
  }

  return {
    take(chunk) {
      for (let left: Buffer | undefined = chunk; left;) left = partial ? fill(left, partial) : parse(left);
    },
    space: () => partial?.space.subarray(partial.filled),
  };
}

function decode(whole: Buffer): Framed {
  const kind = whole[WORD];
  const body = whole.subarray(HEAD);
  if (kind === Kind.MESSAGE) return deserialize(body) as Framed;
  const name = kind === Kind.STDOUT ? 'stdout' : 'stderr';
  return { type: 'stream', run: body.readUInt32LE(0), name, text: body.toString('utf8', WORD) };
}

function sizesOf(whole: Buffer): number[] {
  const word = (i: number) => whole.readUInt32LE(HEAD + i * WORD);
  return Array.from({ length: word(0) }, (_, i) => word(i + 1));
}

const messageOf = (whole: Buffer): Framed =>
  deserialize(whole.subarray(HEAD + (whole.readUInt32LE(HEAD) + 1) * WORD)) as Framed;
