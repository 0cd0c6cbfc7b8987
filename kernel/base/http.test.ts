/** One request against a real server: where redirects may lead, what a token sees, how long silence may last. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DownloadError, InterruptError } from './errors.ts';
import { host, setHost } from './host.ts';
import { request } from './http.ts';

const servers: Server[] = [];
const addresses: string[] = [];
const tokens: string[] = [];

beforeAll(async () => {
  for (let i = 0; i < 2; i++) {
    const server = createServer((asked, response) => {
      tokens.push(`${i} ${asked.url} ${asked.headers.authorization ?? 'none'}`);
      const lead = (location: string) => void response.writeHead(302, { location }).end();
      if (asked.url === '/round') lead('/round');
      else if (asked.url === '/away') lead(`${addresses[1]}/away2`);
      else if (asked.url === '/away2') lead(`${addresses[0]}/back`);
      else if (asked.url === '/disk') lead('file:///etc/passwd');
      else if (asked.url === '/silent') setTimeout(() => response.end('late'), 60_000).unref();
      else if (asked.url === '/stalled') response.write('some');
      else response.end('here');
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    addresses.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
});
afterAll(() =>
  servers.forEach(server => {
    server.closeAllConnections();
    server.close();
  }),
);
afterEach(() => setHost(undefined));

const read = async (path: string, options = {}) => {
  const { body } = await request(addresses[0] + path, options);
  let text = '';
  for await (const piece of body()) text += new TextDecoder().decode(piece);
  return text;
};
const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => {
      expect(error).toBeInstanceOf(DownloadError);
      return error.message.replaceAll(addresses[0], 'http://first');
    },
  );

test('redirects are followed; another origin never sees the token, and the way back does again', async () => {
  tokens.splice(0);
  expect(await read('/away', { token: 'secret' })).toBe('here');
  expect(tokens).toEqual(['0 /away Bearer secret', '1 /away2 none', '0 /back Bearer secret']);
});

test('a request may stay at the door of another origin', async () => {
  const { response } = await request(`${addresses[0]}/away`, { stay: true });
  expect(response.status).toBe(302);
  await response.body?.cancel();
});

test('redirects that go round, or to something that is not the web', async () => {
  expect(await failure(read('/round'))).toBe('http://first/round leads on and on: more than 10 redirects');
  expect(await failure(read('/disk'))).toBe('http://first/disk leads on to file://; expected https');
});

test('silence is waited for only so long, before the answer and inside it', async () => {
  for (const path of ['/silent', '/stalled'])
    expect(await failure(read(path, { patience: 200 }))).toBe(
      `no answer from http://first${path}: nothing arrived for 0.2 s; check the address and the network`,
    );
});

test('an interrupt ends the wait', async () => {
  let interrupted = false;
  const there = host();
  setHost({
    ...there,
    get interrupted() {
      return interrupted;
    },
  });
  setTimeout(() => (interrupted = true), 100);
  await expect(read('/silent')).rejects.toThrow(InterruptError);
});
