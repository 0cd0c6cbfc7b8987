/**
 * Runs in the runner's interrupt worker: passes V8's debugging protocol between the supervisor's line and the
 * main thread. No port is opened, and as long as nobody debugs, nothing is switched on.
 */
import type { Session } from 'node:inspector';
import { Socket } from 'node:net';
import { createLineReader } from './cdp.ts';

type Post = (
  method: string,
  params: object | undefined,
  done: (error: Error | null, result?: object) => void,
) => void;

export function serveInspector(session: Session, fd: number): void {
  const line = new Socket({ fd, readable: true, writable: true });
  const send = (message: object) => void line.write(`${JSON.stringify(message)}\n`);
  const read = createLineReader(text => {
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params?: object };
    (session.post as Post).call(session, method, params, (error, result) =>
      send(error ? { id, error: { message: error.message } } : { id, result }),
    );
  });
  line.setEncoding('utf8');
  line.on('data', (chunk: unknown) => read(String(chunk)));
  // the interrupt line closes with this one, and says what that means
  line.on('error', () => undefined);
  session.on('inspectorNotification', ({ method, params }) => {
    if (method === 'Debugger.scriptParsed' && isNodes(params)) return;
    send({ method, params });
  });
}

/** Node's own several hundred files interest nobody. */
const isNodes = (params: object | undefined): boolean =>
  (params as { url: string } | undefined)?.url.startsWith('node:') === true;
