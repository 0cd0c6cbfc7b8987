/**
 * What JavaScript prints goes to the supervisor as text of the run that prints it, in order with displays.
 * What native code and child processes print takes the real file descriptors 1 and 2, which are pipes.
 */
import { Console } from 'node:console';
import { StringDecoder } from 'node:string_decoder';
import type { Send } from './runner-channel.ts';
import type { StreamName } from './runner-protocol.ts';

type Done = (error?: Error | null) => void;

export function captureOutput(send: Send, currentRun: () => number): void {
  for (const name of ['stdout', 'stderr'] as const) process[name].write = writer(name, send, currentRun);
  // Node's own console tells each line to its inspector as well, which the debugger keeps open: 6 µs, more than the line
  Object.assign(console, new Console(process.stdout, process.stderr));
}

function writer(name: StreamName, send: Send, currentRun: () => number) {
  // a character may come in two writes, as what is piped here from a child does
  const decoder = new StringDecoder('utf8');
  return (chunk: Uint8Array | string, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    const text = typeof chunk === 'string' ? decoded(chunk, encoding) : decoder.write(Buffer.from(chunk));
    if (text) send({ type: 'stream', run: currentRun(), name, text });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
}

/** Text as it is, unless it is said to be hexadecimal or the like. */
const decoded = (text: string, encoding?: BufferEncoding | Done): string =>
  typeof encoding !== 'string' || /^utf-?8$/i.test(encoding) ? text : Buffer.from(text, encoding).toString();
