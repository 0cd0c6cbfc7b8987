/** A hub for tests: real HTTP servers on this machine that speak as huggingface.co does, and fail on demand. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  method: string;
  path: string;
  /** Which server was asked: the hub, or the one that large files lie on. */
  server: 'hub' | 'store';
  range?: string;
  token?: string;
}

export interface Hub {
  readonly address: string;
  /** Path → content, of the repository `owner/name`. */
  files: Record<string, Uint8Array>;
  /** Kept as large files are: on another host, under their SHA-256. */
  readonly large: Set<string>;
  commit: string;
  /** All requests, in order. */
  readonly asked: Asked[];
  /** Closes the connection after so many bytes, that often. */
  drop: { after: number; times: number };
  /** Answers without regard to Range. */
  deaf: boolean;
  /** Sends other bytes than the checksum promises. */
  lying: boolean;
  /** Answers with this status, and this `x-error-code`. */
  refuse?: { status: number; code?: string };
  /** The cache folder that HF_HOME names. */
  readonly home: string;
  close(): void;
}

const variables = ['HF_ENDPOINT', 'HF_HOME', 'HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_HUB_CACHE'] as const;

/** Starts the servers, and points the environment at them. */
export async function startHub(files: Record<string, Uint8Array>): Promise<Hub> {
  const home = mkdtempSync(join(tmpdir(), 'neuronbook-hub-'));
  const before = variables.map(name => process.env[name]);
  const store = await listen((request, response) => {
    note(request, 'store');
    const file = hub.files[decodeURIComponent(request.url!.slice(1))];
    if (file) send(request, response, file, {});
    else response.writeHead(404).end();
  });
  const main = await listen((request, response) => {
    note(request, 'hub');
    const path = decodeURIComponent(request.url!.replace(/\?.*/, ''));
    const { refuse } = hub;
    if (refuse) return void response.writeHead(refuse.status, { 'x-error-code': refuse.code ?? '' }).end();
    if (path.startsWith('/api/models/owner/name/revision/')) {
      const siblings = Object.keys(hub.files).map(rfilename => ({ rfilename }));
      return void response.end(JSON.stringify({ sha: hub.commit, siblings }));
    }
    const name = /^\/owner\/name\/resolve\/[^/]+\/(.+)$/.exec(path)?.[1];
    const file = name === undefined ? undefined : hub.files[name];
    if (!name || !file)
      return void response.writeHead(404, { 'x-error-code': name ? 'EntryNotFound' : 'RepoNotFound' }).end();
    const git = createHash('sha1').update(`blob ${file.length}\0`).update(file).digest('hex');
    const base = { 'x-repo-commit': hub.commit, etag: `"${git}"` };
    if (!hub.large.has(name)) return send(request, response, file, base);
    const sha256 = createHash('sha256').update(file).digest('hex');
    response.writeHead(302, {
      ...base,
      'x-linked-etag': `"${sha256}"`,
      'x-linked-size': file.length,
      location: `${addressOf(store)}/${encodeURIComponent(name)}`,
    });
    response.end();
  });

  function note({ method, url, headers }: IncomingMessage, server: Asked['server']): void {
    const path = url!.replace(/\?.*/, '');
    hub.asked.push({ method: method!, path, server, range: headers.range, token: headers.authorization });
  }

  function send(request: IncomingMessage, response: ServerResponse, file: Uint8Array, headers: object): void {
    const content = hub.lying ? file.map(byte => byte ^ 1) : file;
    const from = hub.deaf ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= file.length && from > 0) return void response.writeHead(416).end();
    const body = content.subarray(from);
    response.writeHead(from ? 206 : 200, {
      ...headers,
      'content-length': body.length,
      ...(from && { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` }),
    });
    if (request.method === 'HEAD') return void response.end();
    if (hub.drop.times > 0 && body.length > hub.drop.after) {
      hub.drop.times--;
      response.write(body.subarray(0, hub.drop.after), () => setTimeout(() => response.destroy(), 20));
    } else response.end(body);
  }

  const hub: Hub = {
    address: addressOf(main),
    files,
    large: new Set(),
    commit: 'a'.repeat(40),
    asked: [],
    drop: { after: 0, times: 0 },
    deaf: false,
    lying: false,
    home,
    close() {
      [main, store].forEach(server => server.close());
      rmSync(home, { recursive: true, force: true });
      variables.forEach((name, i) => {
        if (before[i] === undefined) delete process.env[name];
        else process.env[name] = before[i];
      });
    },
  };
  variables.forEach(name => delete process.env[name]);
  process.env.HF_ENDPOINT = hub.address;
  process.env.HF_HOME = home;
  return hub;
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
