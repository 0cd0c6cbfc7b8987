/**
 * What was downloaded from the hub, in the folders that Python's huggingface_hub keeps, so that the two share it:
 *
 *   ~/.cache/huggingface/hub/models--owner--name/
 *     blobs/<checksum>                       the contents
 *     refs/<branch>                          the commit that a branch pointed to
 *     snapshots/<commit>/<file>              links to the contents
 *
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
import { homeFolder } from '#platform/download';
import { environment } from '#platform/environment';
import { exists, isFolder, list, readFile, writeFile } from '#platform/files';
import type { Repository } from './repository.ts';

/** A commit's name; any other revision may move. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** `HF_HUB_CACHE`, `HF_HOME/hub` or `~/.cache/huggingface/hub`; undefined where there are no files: in a browser. */
export function cacheFolder(): string | undefined {
  const home = homeFolder();
  if (home === undefined) return undefined;
  const cache = environment('XDG_CACHE_HOME') ?? `${home}/.cache`;
  return (
    environment('HF_HUB_CACHE') ??
    environment('HUGGINGFACE_HUB_CACHE') ??
    `${environment('HF_HOME') ?? `${cache}/huggingface`}/hub`
  );
}

/** One repository's part of the cache. */
export class RepositoryCache {
  readonly folder: string;

  constructor(
    root: string,
    private readonly repository: Repository,
  ) {
    this.folder = `${root}/models--${repository.owner}--${repository.name}`;
  }

  /** The commit that the revision is, or was when it was last asked for. */
  async commit(): Promise<string | undefined> {
    const { revision } = this.repository;
    if (isCommit(revision)) return revision;
    const path = `${this.folder}/refs/${revision}`;
    if (!(await exists(path))) return undefined;
    const text = new TextDecoder().decode(await readFile(path)).trim();
    return isCommit(text) ? text : undefined;
  }

  /** Keeps in mind which commit the revision is. */
  async remember(commit: string): Promise<void> {
    const { revision } = this.repository;
    if (revision !== commit && (await this.commit()) !== commit)
      await writeFile(`${this.folder}/refs/${revision}`, commit);
  }

  blob(checksum: string): string {
    return `${this.folder}/blobs/${checksum}`;
  }

  snapshot(commit: string, file = ''): string {
    return `${this.folder}/snapshots/${commit}${file && `/${file}`}`;
  }

  /** The file as it was last seen, or undefined. */
  async known(file: string): Promise<string | undefined> {
    const commit = await this.commit();
    const path = commit && this.snapshot(commit, file);
    return path && (await exists(path)) ? path : undefined;
  }

  /** The names of all files that are here of the revision, with their folders. */
  async files(): Promise<string[]> {
    const commit = await this.commit();
    const root = commit && this.snapshot(commit);
    return root && (await isFolder(root)) ? walk(root) : [];
  }
}

async function walk(folder: string, prefix = ''): Promise<string[]> {
  const names = [];
  for (const name of await list(folder)) {
    const path = `${folder}/${name}`;
    if (await isFolder(path)) names.push(...(await walk(path, `${prefix}${name}/`)));
    else names.push(`${prefix}${name}`);
  }
  return names;
}
