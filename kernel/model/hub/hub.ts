/**
 * Files of the Hugging Face hub as files on this machine: listed, downloaded once, and taken from the cache after
 * that. Without a network, or with HF_HUB_OFFLINE=1, what is in the cache still loads.
 */
import { download, link } from '#platform/download';
import { exists } from '#platform/files';
import type { Checksum, Download } from '../../base/download.ts';
import type { NeuronbookError } from '../../base/errors.ts';
import { DownloadError } from '../../base/errors.ts';
import { request, type RequestOptions } from '../../base/http.ts';
import { cacheFolder, isCommit, RepositoryCache } from './cache.ts';
import {
  accessToken,
  fileAddress,
  isOffline,
  listAddress,
  pageOf,
  repositoryName,
  type Repository,
} from './repository.ts';

/** How a download goes on: its progress, and its patience with a connection that breaks. */
export type FetchOptions = Pick<Download, 'onProgress' | 'tries' | 'pause'>;

const cacheOf = (repository: Repository): RepositoryCache | undefined => {
  const root = cacheFolder();
  return root === undefined ? undefined : new RepositoryCache(root, repository);
};

/**
 * What a repository holds, and its commit as the revision, so that files asked for later belong together.
 * @throws DownloadError where the hub refuses, or cannot be reached and nothing is in the cache
 */
export async function listRepository(
  repository: Repository,
): Promise<{ repository: Repository; files: string[] }> {
  const cache = cacheOf(repository);
  const fromCache = async (cause: NeuronbookError) => {
    const files = (await cache?.files()) ?? [];
    if (!files.length) throw cause;
    return { repository: { ...repository, revision: (await cache!.commit())! }, files };
  };
  if (isOffline()) return fromCache(absent(repository, cache));
  let said: unknown;
  try {
    const { response } = await ask(repository, listAddress(repository));
    said = await response.json();
  } catch (error) {
    if (error instanceof DownloadError && error.status === undefined) return fromCache(error);
    throw error;
  }
  const { sha, siblings } = said as { sha?: unknown; siblings?: { rfilename?: unknown }[] };
  const files = Array.isArray(siblings) ? siblings.map(({ rfilename }) => String(rfilename)) : undefined;
  if (typeof sha !== 'string' || !isCommit(sha) || !files)
    throw new DownloadError(
      `${listAddress(repository)} answered without a commit and files; is HF_ENDPOINT a hub?`,
      listAddress(repository),
    );
  await cache?.remember(sha);
  return { repository: { ...repository, revision: sha }, files };
}

/**
 * Where a file of the repository lies on this machine (in a browser: its address), downloaded where it has to be.
 * @throws DownloadError naming the repository and the file, where the hub refuses or what arrives is damaged
 */
export async function fetchFile(
  repository: Repository,
  file: string,
  options: FetchOptions = {},
): Promise<string> {
  const cache = cacheOf(repository);
  const address = fileAddress(repository, file);
  if (!cache) return address;
  const known = await cache.known(file);
  if (known && (isCommit(repository.revision) || isOffline())) return known;
  if (isOffline()) throw absent(repository, cache, file);
  let found: Found;
  try {
    found = await locate(repository, file);
  } catch (error) {
    if (known && error instanceof DownloadError && error.status === undefined) return known;
    throw error;
  }
  const { commit, checksum, size } = found;
  const path = cache.snapshot(commit, file);
  await cache.remember(commit);
  if (await exists(path)) return path;
  const blob = cache.blob(checksum.value);
  if (!(await exists(blob)))
    await download({ address, path: blob, token: accessToken(), size, checksum, ...options });
  await link(blob, path);
  return path;
}

/** The folder inside which links among a repository's files may lead. */
export const folderOf = (repository: Repository): string | undefined => cacheOf(repository)?.folder;

interface Found {
  commit: string;
  checksum: Checksum;
  size?: number;
}

/** Asks the hub for a file's commit, checksum and size, without its content. */
async function locate(repository: Repository, file: string): Promise<Found> {
  const address = fileAddress(repository, file);
  // large files lead on to another host, whose answer no longer tells the checksum
  const { response } = await ask(repository, address, { method: 'HEAD', stay: true }, file);
  const { headers } = response;
  const etag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\/|"/g, '');
  const kind = /^[0-9a-f]{64}$/.test(etag) ? 'sha256' : /^[0-9a-f]{40}$/.test(etag) ? 'git' : undefined;
  const commit = headers.get('x-repo-commit') ?? repository.revision;
  if (!kind || !isCommit(commit))
    throw new DownloadError(
      `${address} answered without a ${kind ? 'commit' : 'checksum'}; is HF_ENDPOINT a hub?`,
      address,
    );
  const size = headers.get('x-linked-size') ?? (response.ok ? headers.get('content-length') : null);
  return { commit, checksum: { kind, value: etag }, size: size === null ? undefined : Number(size) };
}

/** A request with the token; refusals in words that say what to do. */
async function ask(repository: Repository, address: string, options: RequestOptions = {}, file?: string) {
  const headers = { 'accept-encoding': 'identity' };
  const answer = await request(address, { headers, token: accessToken(), ...options });
  const { response } = answer;
  if (response.ok || (options.stay && response.status < 400)) return answer;
  await response.body?.cancel();
  throw new DownloadError(refusal(repository, response, file), address, response.status);
}

function refusal(repository: Repository, { status, statusText, headers }: Response, file?: string): string {
  const name = repositoryName(repository);
  const token = accessToken() ? 'HF_TOKEN may not read it' : 'set HF_TOKEN';
  const code = headers.get('x-error-code') ?? '';
  if (code === 'GatedRepo' || status === 403)
    return `${name} is gated; ask for access at ${pageOf(repository)}, and ${accessToken() ? 'use a token of that account in HF_TOKEN' : 'set HF_TOKEN'}`;
  if (status === 401 || code === 'RepoNotFound')
    return `no repository ${name}, or a private one; check the name; ${token}`;
  if (code === 'RevisionNotFound')
    return `${name} has no revision ${repository.revision}; look at ${pageOf(repository)}`;
  if (status === 404)
    return file === undefined
      ? `no repository ${name} with a revision ${repository.revision}; check the name`
      : `${name} has no file ${file} at revision ${repository.revision}; look at ${pageOf(repository)}`;
  if (status === 429) return `the hub answered 429: too many requests; wait a few minutes`;
  return `the hub answered ${status} ${statusText} for ${name}; try again later`;
}

function absent(repository: Repository, cache: RepositoryCache | undefined, file?: string): DownloadError {
  const what = file === undefined ? repositoryName(repository) : `${file} of ${repositoryName(repository)}`;
  return new DownloadError(
    `${what} at revision ${repository.revision} is not in the cache ${cache?.folder ?? ''}, and HF_HUB_OFFLINE forbids ` +
      'to fetch it; unset HF_HUB_OFFLINE, or copy it there',
    pageOf(repository),
  );
}
