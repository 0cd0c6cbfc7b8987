/**
 * A file of the file browser, read in parts: by ranges of the server's address for it, where the server gives ranges,
 * else whole.
 */
import { ServerConnection, type Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { RangeSource } from 'neuronbook/model/peek';

/** Bytes of a file that a page fetches whole. */
const most = 2 ** 29;

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** @throws Error with a sentence for a reader: no such file, or too large to be fetched whole */
export async function openSource(
  contents: Contents.IManager,
  path: string,
  trans: TranslationBundle,
): Promise<RangeSource> {
  const settings = contents.serverSettings ?? ServerConnection.makeSettings();
  const url = await contents.getDownloadUrl(path);
  const part = async (offset: number, length: number): Promise<Response | undefined> => {
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    try {
      return await ServerConnection.makeRequest(url, { method: 'GET', headers, cache: 'no-store' }, settings);
    } catch {
      // a drive whose files have no address, as in JupyterLite
      return undefined;
    }
  };
  const first = await part(0, 1);
  const size = Number(/\/(\d+)$/.exec(first?.headers.get('Content-Range') ?? '')?.[1]);
  if (first?.status === 206 && Number.isFinite(size)) {
    return {
      size,
      async read(offset, length) {
        if (length === 0) return new Uint8Array();
        const answer = await part(offset, length);
        const given = answer?.ok ? new Uint8Array(await answer.arrayBuffer()) : new Uint8Array();
        // some servers give the whole where the range is all of it
        const bytes = answer?.status === 200 ? given.subarray(offset, offset + length) : given;
        if (bytes.length === length) return bytes;
        throw new Error(trans.__('the server gave no bytes %1 to %2 of it', offset, offset + length));
      },
    };
  }
  await first?.body?.cancel();
  return whole(contents, path, trans);
}

async function whole(
  contents: Contents.IManager,
  path: string,
  trans: TranslationBundle,
): Promise<RangeSource> {
  const { size = 0 } = await contents.get(path, { content: false });
  if (size > most)
    throw new Error(
      trans.__(
        'it has %1 MB, and this server gives no parts of files; files up to %2 MB are fetched whole. Load it in a notebook instead',
        megabytes(size),
        megabytes(most),
      ),
    );
  const { content } = await contents.get(path, { type: 'file', format: 'base64', content: true });
  const bytes = Uint8Array.from(atob(content as string), char => char.charCodeAt(0));
  return { size: bytes.length, read: async (offset, length) => bytes.slice(offset, offset + length) };
}
