/** A tokenizer alone, from a folder, the hub or a file. */
import { isFolder, readFile } from '#platform/files';
import { FormatError } from '../base/errors.ts';
import { hubFolder, localFolder, readJson, type Folder } from './folder.ts';
import { parseRepository } from './hub/repository.ts';
import { Tokenizer } from './tokenizer.ts';

/**
 * Loads a tokenizer. One that came with a model is `model.tokenizer`.
 * @param source `hf:owner/name[@revision]`, a folder that holds a tokenizer.json, or the path of one
 * @throws FormatError where there is none, or it cannot be read; DownloadError where the hub refuses
 * @example
 * const words = await tokenizer('gpt2/'); // or 'hf:openai-community/gpt2'
 * words.decode(words.encode('hello')); // → hello
 */
export async function tokenizer(source: string): Promise<Tokenizer> {
  if (source.startsWith('hf:'))
    return fromFolder(await hubFolder(parseRepository(source.slice(3)).repository));
  if (await isFolder(source)) return fromFolder(await localFolder(source));
  return new Tokenizer(new TextDecoder().decode(await readFile(source)), undefined, source);
}

async function fromFolder(folder: Folder): Promise<Tokenizer> {
  const { files, where } = folder;
  if (!files.includes('tokenizer.json'))
    throw new FormatError(`${where} holds no tokenizer.json; convert its tokenizer to a fast one`);
  const config = 'tokenizer_config.json';
  const settings = files.includes(config) ? (await readJson(folder, config)).text : undefined;
  const { text } = await readJson(folder, 'tokenizer.json');
  return new Tokenizer(text, settings, `${where}/tokenizer.json`);
}
