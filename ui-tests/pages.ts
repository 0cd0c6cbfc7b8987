/** A web server for pages of our own: files from memory, on 127.0.0.1, cross-origin isolated where that is wanted. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** What makes a page cross-origin isolated, without which a browser gives it no shared memory and so no threads. */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

export interface Pages {
  /** Where they are, with a slash at the end. */
  readonly address: string;
  close(): Promise<void>;
}

/** @param files name → content; `index.html` is what the address itself answers */
export async function serve(
  files: ReadonlyMap<string, string | Uint8Array>,
  { isolated }: { isolated: boolean },
): Promise<Pages> {
  const server: Server = createServer(({ url = '/' }, response) => {
    const name = decodeURIComponent(url.split('?')[0].slice(1)) || 'index.html';
    const content = files.get(name);
    if (content === undefined) response.writeHead(404).end();
    else
      response
        .writeHead(200, {
          'content-type': types[extname(name)] ?? 'application/octet-stream',
          ...(isolated && isolation),
        })
        .end(content);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
