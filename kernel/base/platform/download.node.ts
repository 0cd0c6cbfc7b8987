/**
 * `#platform/download` in Node: a file from the network, whole and checked or not at all.
 *
 * Bytes go to `path.part`. A connection that breaks is taken up where it broke, now or in another process; the file
 * appears under its own name once its size and checksum are right.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Checksum, Download } from '../download.ts';
import { DownloadError, InterruptError, NeuronbookError } from '../errors.ts';
import { host } from '../host.ts';
import { request } from '../http.ts';

/** The folder below which programs keep what they can fetch again. */
export const homeFolder = (): string | undefined => homedir();

/** Downloads under way in this process, by path: who asks again waits for the first. */
const underWay = new Map<string, Promise<void>>();

/**
 * Fetches an address into a file, going on from what an earlier try left.
 * @throws DownloadError where the server refuses, gives up, or sends something else than was announced
 */
export function download(options: Download): Promise<void> {
  const { path } = options;
  const known = underWay.get(path);
  if (known) return known;
  const work = guarded(options).finally(() => underWay.delete(path));
  underWay.set(path, work);
  return work;
}

/** Two processes that write one part would spoil it, so a lock beside it names the one that does. */
async function guarded(options: Download): Promise<void> {
  const { path } = options;
  const lock = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (isAlive(owner))
      throw new NeuronbookError(
        `${path} is being downloaded by process ${owner}; wait for it, or delete ${lock}`,
      );
    await rm(lock, { force: true });
  }
  try {
    await whole(options);
  } finally {
    await rm(lock, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function whole(options: Download): Promise<void> {
  const { address, path, size, checksum, tries = 5, pause = 500 } = options;
  const part = `${path}.part`;
  for (let failed = 0, last = -1; ;) {
    try {
      await more(options, part);
      break;
    } catch (error) {
      const permanent = error instanceof DownloadError && error.status !== undefined && error.status < 500;
      if (error instanceof InterruptError || permanent) throw error;
      const got = await sizeOf(part);
      failed = got > last ? 1 : failed + 1;
      last = got;
      if (failed >= tries)
        throw new DownloadError(
          `${address} was cut short: ${got} of ${size ?? 'unknown'} bytes; load it again to go on from there ` +
            `(${(error as Error).message})`,
          address,
          undefined,
          { cause: error },
        );
      await wait(pause * 2 ** (failed - 1));
    }
  }
  const problem = await mismatch(part, size, checksum);
  if (problem) {
    await rm(part, { force: true });
    throw new DownloadError(`${address}: ${problem}; what arrived was deleted; load it again`, address);
  }
  await rename(part, path);
}

/** A pause that an interrupt ends. */
async function wait(milliseconds: number): Promise<void> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end && !host().interrupted)
    await sleep(Math.min(50, Math.max(0, end - performance.now())));
}

/** One connection: the rest of the file, behind what there is already. */
async function more({ address, token, size, onProgress }: Download, part: string): Promise<void> {
  let have = await sizeOf(part);
  if (size !== undefined && have > size) have = 0;
  if (have > 0 && have === size) return;
  // compressed on the way, offsets would count other bytes
  const headers = { 'accept-encoding': 'identity', ...(have > 0 && { range: `bytes=${have}-` }) };
  const { response, body } = await request(address, { headers, token });
  if (response.status === 416) {
    await rm(part, { force: true });
    throw new DownloadError(`${address} has no bytes behind ${have}; it has changed`, address);
  }
  if (response.status !== 200 && response.status !== 206)
    throw new DownloadError(
      `${address} answered ${response.status} ${response.statusText}`,
      address,
      response.status,
    );
  const begin = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  // 200 instead of 206: the server sends everything again
  const from = response.status === 206 && Number(begin) === have ? have : 0;
  if (response.status === 206 && from !== have)
    throw new DownloadError(`${address} sent bytes from ${begin} on; expected ${have}`, address);
  const length = Number(response.headers.get('content-length') ?? NaN);
  const total = size ?? (Number.isNaN(length) ? undefined : from + length);
  const file = await open(part, 'a');
  try {
    if (from === 0) await file.truncate(0);
    let received = from;
    for await (const piece of body()) {
      await file.writeFile(piece);
      received += piece.length;
      onProgress?.(received, total);
    }
    if (total !== undefined && received < total)
      throw new DownloadError(`the connection ended after ${received} of ${total} bytes`, address);
  } finally {
    await file.close();
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    status => status.size,
    () => 0,
  );

/** What is wrong with the file, in words; undefined where nothing is. */
async function mismatch(path: string, size?: number, checksum?: Checksum): Promise<string | undefined> {
  const got = await sizeOf(path);
  if (size !== undefined && got !== size) return `it has ${got} bytes; expected ${size}`;
  if (!checksum) return undefined;
  // git hashes a header with the length before the content
  const hash: Hash =
    checksum.kind === 'git' ? createHash('sha1').update(`blob ${got}\0`) : createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  const found = hash.digest('hex');
  if (found === checksum.value) return undefined;
  return `its ${checksum.kind === 'git' ? 'git' : 'SHA-256'} checksum is ${found}; expected ${checksum.value}`;
}

/** A link to a file, or the file itself moved there where links are not permitted. */
export async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await unlink(path).catch(() => {});
  try {
    await symlink(relative(dirname(path), target), path);
  } catch {
    // Windows allows links to developers alone; huggingface_hub does the same
    await rename(target, path);
  }
}
