/** safetensors files: opened without reading the tensors, and saved without a second copy of them. */
import { openFile, writeFile } from '#platform/files';
import type { Tensor } from '../tensor.ts';
import { Safetensors } from './read.ts';
import { safetensorsParts } from './write.ts';

export { Safetensors } from './read.ts';
export { encodeSafetensors } from './write.ts';

/**
 * Opens a safetensors file. Only its header is read; a tensor is read when it is asked for.
 * @throws FormatError naming what is wrong with the header; NeuronbookError where the file cannot be read
 * @example
 * const weights = await openSafetensors('gpt2/model.safetensors');
 * weights.names;
 * weights.read(weights.names[0]).dims;
 * weights.close();
 */
export async function openSafetensors(path: string): Promise<Safetensors> {
  const file = await openFile(path);
  try {
    return new Safetensors(file, path);
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Writes tensors under their names, whole or not at all.
 * @param metadata texts about the file
 * @throws NeuronbookError on a tensor of strings
 * @example
 * await saveSafetensors('probe.safetensors', new Map([['weight', tensor([1, 2, 3, 4], [2, 2])]]));
 */
export async function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFile(path, safetensorsParts(tensors, metadata));
}
