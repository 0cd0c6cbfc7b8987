/**
 * V8's own debugging protocol over the line to the thread that inspects the runner: a JSON message a line.
 * The other end is `inspect.ts`.
 */
import type { Duplex } from 'node:stream';
import { DebugError } from './dap.ts';

export interface Cdp {
  /** Rejects with what V8 refuses, or when the runner has gone. */
  post<Reply = unknown>(method: string, params?: object): Promise<Reply>;
}

/** Hands out the whole lines of what arrives in pieces. */
export function createLineReader(handler: (line: string) => void): (chunk: string) => void {
  let parts: string[] = [];
  return chunk => {
    const lines = chunk.split('\n');
    parts.push(lines[0]);
    for (const next of lines.slice(1)) {
      handler(parts.join(''));
      parts = [next];
    }
  };
}

type Waiting = { resolve(reply: unknown): void; reject(error: Error): void };

export function createCdp(line: Duplex, onEvent: (method: string, params: never) => void): Cdp {
  const waiting = new Map<number, Waiting>();
  let last = 0;

  const read = createLineReader(text => {
    const { id, method, params, result, error } = JSON.parse(text) as {
      id?: number;
      method?: string;
      params?: unknown;
      result?: unknown;
      error?: { message: string };
    };
    if (method) return onEvent(method, params as never);
    const asked = waiting.get(id ?? 0);
    waiting.delete(id ?? 0);
    if (error) asked?.reject(new DebugError(error.message));
    else asked?.resolve(result);
  });
  line.setEncoding('utf8');
  line.on('data', (chunk: unknown) => read(String(chunk)));
  line.on('close', () => {
    for (const { reject } of waiting.values()) reject(gone());
    waiting.clear();
  });

  return {
    post: <Reply>(method: string, params?: object) =>
      new Promise<Reply>((resolve, reject) => {
        if (line.destroyed) return reject(gone());
        waiting.set(++last, { resolve: resolve as Waiting['resolve'], reject });
        line.write(`${JSON.stringify({ id: last, method, params })}\n`);
      }),
  };
}

const gone = () => new DebugError('the process of the cells has ended');
