/**
 * Reads a child's pipe to where the bytes stay. Node itself reads it in chunks of 64 KB, each a buffer of its own that is
 * copied and thrown away: for fifty megabytes a tenth of the whole way there and back.
 */
import { Socket, type ConnectOpts, type SocketConstructorOpts } from 'node:net';
import type { FrameReader } from './frames.ts';

const DESK = 1 << 16;

/**
 * From now on what comes on `pipe` goes to `reader`; the stream that is given back pauses and resumes it. Node takes
 * buffers of one's own only where a socket is made, so a second one is made on the pipe's handle. Where there is no
 * handle to be had, the pipe is read as usual.
 */
export function readInPlace(pipe: Socket, reader: FrameReader, seen: () => void): Socket {
  const take = (bytes: Buffer) => {
    seen();
    reader.take(bytes);
  };
  const owner = pipe as Socket & { _handle?: object | null };
  const handle = owner._handle;
  if (!handle) return pipe.on('data', take);
  // what came while nobody listened: told once the caller has the stream, and before anything that comes from now on
  const early: Buffer[] = [];
  for (let chunk: unknown; (chunk = pipe.read());) early.push(chunk as Buffer);
  process.nextTick(() => early.forEach(take));
  const desk = Buffer.allocUnsafeSlow(DESK);
  const options: SocketConstructorOpts & ConnectOpts & { handle: object } = {
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: () => reader.space() ?? desk,
      callback(length, memory) {
        const read = Buffer.from(memory.buffer, memory.byteOffset, length);
        take(memory === desk ? Buffer.from(read) : read);
        return true;
      },
    },
  };
  const socket = new Socket(options);
  // one of them closes the handle, and tells the other: the child has ended when each pipe that it knows has closed
  owner._handle = null;
  pipe.on('close', () => socket.destroy());
  return socket.on('error', () => undefined).on('close', () => pipe.destroy());
}
