/** `#platform/download` in a browser: nothing is kept but what the browser itself caches. */
import { NeuronbookError } from '../errors.ts';
import type { Download } from '../download.ts';

/** Undefined: there is no folder to keep files in. */
export const homeFolder = (): string | undefined => undefined;

export async function download({ address }: Download): Promise<void> {
  throw new NeuronbookError(`cannot keep ${address}: a browser has no files; read the address itself`);
}

export async function link(_target: string, path: string): Promise<void> {
  throw new NeuronbookError(`cannot link ${path}: a browser has no files`);
}
