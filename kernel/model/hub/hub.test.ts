/** The hub, against real servers: what is fetched once, what goes wrong on the way, and what a token may see. */
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DownloadError, InterruptError, NeuronbookError } from '../../base/errors.ts';
import { host, setHost } from '../../base/host.ts';
import { fetchFile as fetch, listRepository, type FetchOptions } from './hub.ts';
import { parseRepository, type Repository } from './repository.ts';
import { startHub, type Hub } from './testing-hub.ts';

const { repository } = parseRepository('owner/name');
/** Without long pauses between tries. */
const fetchFile = (from: Repository, file: string, options?: FetchOptions) =>
  fetch(from, file, { pause: 5, ...options });
const text = (value: string) => new TextEncoder().encode(value);
const big = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) >> 3);

let hub: Hub;
beforeEach(async () => {
  hub = await startHub({ 'config.json': text('{}'), 'onnx/big.bin': big });
  hub.large.add('onnx/big.bin');
});
afterEach(() => {
  hub.close();
  setHost(undefined);
});

const folder = () => join(hub.home, 'hub/models--owner--name');
const blobs = () => readdirSync(join(folder(), 'blobs'));
/** Whether the file holds the big content. */
const isWhole = (path: string) => readFileSync(path).equals(big);
const seen = () =>
  hub.asked.map(({ server, method, range }) => [server, method, range].filter(Boolean).join(' '));
/** The error's message, with addresses and folders taken out. */
const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error) => {
      expect(error).toBeInstanceOf(NeuronbookError);
      return `${error.name}: ${error.message}`
        .replaceAll(hub.address, 'http://hub')
        .replaceAll(hub.home, '…');
    },
  );

test('a file is fetched once, into the folders that Python keeps', async () => {
  const progress: [number, number | undefined][] = [];
  const path = await fetchFile(repository, 'onnx/big.bin', {
    onProgress: (...step) => progress.push(step),
  });
  expect(path).toBe(join(folder(), 'snapshots', hub.commit, 'onnx/big.bin'));
  expect(isWhole(path)).toBe(true);
  expect(progress.at(-1)).toEqual([big.length, big.length]);
  expect(readlinkSync(path)).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
  expect(readFileSync(join(folder(), 'refs/main'), 'utf8')).toBe(hub.commit);
  expect(blobs()).toHaveLength(1);
  expect(seen()).toEqual(['hub HEAD', 'hub GET', 'store GET']);
  await fetchFile(repository, 'onnx/big.bin');
  expect(seen().slice(3)).toEqual(['hub HEAD']);
  await fetchFile({ ...repository, revision: hub.commit }, 'onnx/big.bin');
  expect(seen()).toHaveLength(4);
});

test('a branch that moves brings the new file', async () => {
  await fetchFile(repository, 'config.json');
  hub.files['config.json'] = text('{"new": true}');
  hub.commit = 'b'.repeat(40);
  const path = await fetchFile(repository, 'config.json');
  expect(path).toContain(hub.commit);
  expect(readFileSync(path, 'utf8')).toBe('{"new": true}');
});

test('a connection that breaks is taken up where it broke', async () => {
  hub.drop = { after: 100_000, times: 2 };
  expect(isWhole(await fetchFile(repository, 'onnx/big.bin'))).toBe(true);
  expect(seen()).toEqual([
    'hub HEAD',
    ...['hub GET', 'store GET'],
    ...['hub GET bytes=100000-', 'store GET bytes=100000-'],
    ...['hub GET bytes=200000-', 'store GET bytes=200000-'],
  ]);
});

test('what another process left is gone on from, by a server that does not resume as well', async () => {
  const path = await fetchFile(repository, 'onnx/big.bin');
  const blob = join(folder(), 'blobs', blobs()[0]);
  for (const deaf of [false, true]) {
    hub.deaf = deaf;
    writeFileSync(`${blob}.part`, big.subarray(0, 123_456));
    // left by a process that is gone
    writeFileSync(`${blob}.lock`, '999999999');
    [path, blob].forEach(file => rmSync(file));
    hub.asked.splice(0);
    expect(isWhole(await fetchFile(repository, 'onnx/big.bin'))).toBe(true);
    expect(seen().at(-1)).toBe('store GET bytes=123456-');
    expect(blobs()).toHaveLength(1);
  }
});

test('what another process is fetching is left to it', async () => {
  const path = await fetchFile(repository, 'onnx/big.bin');
  const blob = join(folder(), 'blobs', blobs()[0]);
  [path, blob].forEach(file => rmSync(file));
  writeFileSync(`${blob}.lock`, String(process.ppid));
  expect(await failure(fetchFile(repository, 'onnx/big.bin'))).toBe(
    `NeuronbookError: ${blob} is being downloaded by process ${process.ppid}; wait for it, or delete ${blob}.lock`.replaceAll(
      hub.home,
      '…',
    ),
  );
});

test('an interrupt stops at once and keeps what has come', async () => {
  let interrupted = false;
  setHost({
    ...host(),
    get interrupted() {
      return interrupted;
    },
  });
  hub.drop = { after: 100_000, times: 1 };
  const work = fetchFile(repository, 'onnx/big.bin', { onProgress: () => (interrupted = true) });
  await expect(work).rejects.toThrow(InterruptError);
  expect(blobs()).toEqual([expect.stringMatching(/\.part$/)]);
  interrupted = false;
  expect(isWhole(await fetchFile(repository, 'onnx/big.bin'))).toBe(true);
});

test('damaged bytes are deleted, not kept', async () => {
  hub.lying = true;
  expect(await failure(fetchFile(repository, 'onnx/big.bin'))).toMatchInlineSnapshot(
    `"DownloadError: http://hub/owner/name/resolve/main/onnx/big.bin: its SHA-256 checksum is d4b6583574a3eb44a062fbd78f2b338ecff2aa8b3716f9461c2e884a89557270; expected 20508c3dbf04a872df56460db60c92ac53305065b5b72516b458815cd2dd2912; what arrived was deleted; load it again"`,
  );
  expect(await failure(fetchFile(repository, 'config.json'))).toMatchInlineSnapshot(
    `"DownloadError: http://hub/owner/name/resolve/main/config.json: its git checksum is efbeda92666306d235202241abf54ea37837940e; expected 9e26dfeeb6e641a33dae4961196235bdb965b21b; what arrived was deleted; load it again"`,
  );
  expect(blobs()).toEqual([]);
  hub.lying = false;
  expect(isWhole(await fetchFile(repository, 'onnx/big.bin'))).toBe(true);
});

test('the token goes to the hub alone', async () => {
  process.env.HF_TOKEN = 'hf_secret';
  await fetchFile(repository, 'onnx/big.bin');
  await listRepository(repository);
  expect(hub.asked.map(({ server, token }) => `${server} ${token ?? 'without'}`)).toEqual([
    'hub Bearer hf_secret',
    'hub Bearer hf_secret',
    'store without',
    'hub Bearer hf_secret',
  ]);
});

test('offline, and without a network, what is in the cache still loads', async () => {
  const path = await fetchFile(repository, 'config.json');
  process.env.HF_HUB_OFFLINE = '1';
  hub.asked.splice(0);
  expect(await fetchFile(repository, 'config.json')).toBe(path);
  expect(await listRepository(repository)).toEqual({
    repository: { ...repository, revision: hub.commit },
    files: ['config.json'],
  });
  expect(await failure(fetchFile(repository, 'onnx/big.bin'))).toMatchInlineSnapshot(
    `"DownloadError: onnx/big.bin of owner/name at revision main is not in the cache …/hub/models--owner--name, and HF_HUB_OFFLINE forbids to fetch it; unset HF_HUB_OFFLINE, or copy it there"`,
  );
  expect(await failure(listRepository({ ...repository, revision: 'v2' }))).toMatchInlineSnapshot(
    `"DownloadError: owner/name at revision v2 is not in the cache …/hub/models--owner--name, and HF_HUB_OFFLINE forbids to fetch it; unset HF_HUB_OFFLINE, or copy it there"`,
  );
  expect(hub.asked).toEqual([]);
  delete process.env.HF_HUB_OFFLINE;
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
  expect(await fetchFile(repository, 'config.json')).toBe(path);
  expect((await listRepository(repository)).files).toEqual(['config.json']);
  expect(await failure(fetchFile(repository, 'onnx/big.bin'))).toMatch(
    /^DownloadError: no answer from http:\/\/127\.0\.0\.1:9\/owner\/name\/resolve\/main\/onnx\/big\.bin: .*; check the address and the network$/,
  );
});

test('a listing gives the commit, so that files belong together', async () => {
  const found = await listRepository(repository);
  expect(found).toEqual({
    repository: { ...repository, revision: hub.commit },
    files: ['config.json', 'onnx/big.bin'],
  });
  await fetchFile(found.repository, 'config.json');
  expect(hub.asked.at(-1)!.path).toBe(`/owner/name/resolve/${hub.commit}/config.json`);
});

test('refusals say what to do', async () => {
  const said = [await failure(fetchFile(repository, 'no.json'))];
  for (const refuse of [
    { status: 401 },
    { status: 403, code: 'GatedRepo' },
    { status: 404, code: 'RevisionNotFound' },
    { status: 404, code: 'RepoNotFound' },
    { status: 429 },
    { status: 500 },
  ]) {
    hub.refuse = refuse;
    said.push(await failure(fetchFile(repository, 'config.json')));
  }
  process.env.HF_TOKEN = 'hf_secret';
  hub.refuse = { status: 403 };
  said.push(await failure(listRepository(repository)));
  expect(said.join('\n')).toMatchInlineSnapshot(`
    "DownloadError: owner/name has no file no.json at revision main; look at http://hub/owner/name
    DownloadError: no repository owner/name, or a private one; check the name; set HF_TOKEN
    DownloadError: owner/name is gated; ask for access at http://hub/owner/name, and set HF_TOKEN
    DownloadError: owner/name has no revision main; look at http://hub/owner/name
    DownloadError: no repository owner/name, or a private one; check the name; set HF_TOKEN
    DownloadError: the hub answered 429: too many requests; wait a few minutes
    DownloadError: the hub answered 500 Internal Server Error for owner/name; try again later
    DownloadError: owner/name is gated; ask for access at http://hub/owner/name, and use a token of that account in HF_TOKEN"
  `);
  expect(said.join('\n')).not.toContain('hf_secret');
  await expect(listRepository(repository)).rejects.toMatchObject({ constructor: DownloadError, status: 403 });
});

test('a file that breaks off again and again ends in an error that says how far it came', async () => {
  hub.drop = { after: 0, times: 99 };
  expect(await failure(fetchFile(repository, 'onnx/big.bin'))).toMatch(
    /^DownloadError: .* was cut short: 0 of 300000 bytes; load it again to go on from there \(.*\)$/,
  );
});

test('addresses', () => {
  expect(parseRepository('o/n@v1.0/onnx/m.onnx')).toEqual({
    repository: { owner: 'o', name: 'n', revision: 'v1.0' },
    file: 'onnx/m.onnx',
  });
  for (const bad of ['o', 'o/', '../n', 'o/..', 'o/n@', 'o/n@..', 'o/n@a@b', 'o/n?x', 'o n/m'])
    expect(() => parseRepository(bad)).toThrow(`hugging face address: hf:${bad}; expected hf:owner/name,`);
  for (const bad of ['../x', 'a/../x', 'C:x', 'a\\b', './x'])
    expect(() => parseRepository(`o/n/${bad}`)).toThrow(
      /leads out of its folder; expected a file inside it$/,
    );
});

test('a cache that Python filled is read', async () => {
  mkdirSync(join(folder(), 'snapshots', hub.commit), { recursive: true });
  mkdirSync(join(folder(), 'blobs'));
  mkdirSync(join(folder(), 'refs'));
  writeFileSync(join(folder(), 'blobs/abc'), 'cached');
  symlinkSync('../../blobs/abc', join(folder(), 'snapshots', hub.commit, 'vocab.txt'));
  writeFileSync(join(folder(), 'refs/main'), hub.commit);
  process.env.HF_HUB_OFFLINE = 'ON';
  expect(readFileSync(await fetchFile(repository, 'vocab.txt'), 'utf8')).toBe('cached');
});
