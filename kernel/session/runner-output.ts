/**
 * What JavaScript prints goes to the supervisor as text of the run that prints it, in order with displays.
 * What native code and child processes print takes the real file descriptors 1 and 2, which are pipes.
 */
import type { Send } from './runner-channel.ts';
import type { StreamName } from './runner-protocol.ts';

type Done = (error?: Error | null) => void;

export function captureOutput(send: Send, currentRun: () => number): void {
  for (const name of ['stdout', 'stderr'] as const) process[name].write = writer(name, send, currentRun);
}

function writer(name: StreamName, send: Send, currentRun: () => number) {
  return (chunk: Uint8Array | string, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    const text =
      typeof chunk === 'string' && (typeof encoding !== 'string' || /^utf-?8$/i.test(encoding))
        ? chunk
        : Buffer.from(chunk as string, typeof encoding === 'string' ? encoding : undefined).toString();
    if (text) send({ type: 'stream', run: currentRun(), name, text });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
}
