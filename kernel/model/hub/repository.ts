/** Names on the Hugging Face hub: `owner/name[@revision][/file]`, and the addresses they stand for. */
import { environment } from '#platform/environment';
import { NeuronbookError } from '../../base/errors.ts';

export interface Repository {
  readonly owner: string;
  readonly name: string;
  /** A branch, a tag or a commit; `main` where none is named. */
  readonly revision: string;
}

const word = /^(?!\.+$)[\w.-]+$/;

/**
 * Takes `owner/name[@revision][/file]` apart.
 * @throws NeuronbookError where it is something else, or leads out of the repository
 */
export function parseRepository(text: string): { repository: Repository; file?: string } {
  const [owner = '', rest = '', ...file] = text.split('/');
  const [name, revision = 'main', ...more] = rest.split('@');
  if (![owner, name, revision].every(part => word.test(part)) || more.length)
    throw new NeuronbookError(
      `hugging face address: hf:${text}; expected hf:owner/name, hf:owner/name@revision or hf:owner/name/file.onnx`,
    );
  const path = file.filter(Boolean).join('/');
  if (path) checkInside(path, `hf:${text}`);
  return { repository: { owner, name, revision }, file: path || undefined };
}

/**
 * Refuses a path that leads out of the folder it is meant in: what names files may come from a stranger.
 * @param where who names it, for the error
 */
export function checkInside(path: string, where: string): void {
  const parts = path.split('/');
  if (path.includes('\\') || /^[a-z]:/i.test(path) || parts.some(part => /^\.{0,2}$/.test(part)))
    throw new NeuronbookError(
      `${where} names ${JSON.stringify(path)}, which leads out of its folder; expected a file inside it`,
    );
}

/** The hub's own address, or another that speaks as it does. */
export const endpoint = (): string =>
  (environment('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, '');

export const repositoryName = ({ owner, name }: Repository): string => `${owner}/${name}`;

/** Where a person reads about the repository. */
export const pageOf = (repository: Repository): string => `${endpoint()}/${repositoryName(repository)}`;

export const fileAddress = (repository: Repository, file: string): string =>
  `${pageOf(repository)}/resolve/${repository.revision}/${file.split('/').map(encodeURIComponent).join('/')}`;

/** What the hub says of a revision: its commit, and the names of its files. */
export const listAddress = (repository: Repository): string =>
  `${endpoint()}/api/models/${repositoryName(repository)}/revision/${repository.revision}`;

/** Any of the words that Python's library takes for yes. */
export const isOffline = (): boolean =>
  /^(1|on|yes|true)$/i.test(environment('HF_HUB_OFFLINE') ?? environment('TRANSFORMERS_OFFLINE') ?? '');

export const accessToken = (): string | undefined =>
  environment('HF_TOKEN')?.trim() || environment('HUGGING_FACE_HUB_TOKEN')?.trim() || undefined;
