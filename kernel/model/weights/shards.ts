/**
 * The weights of a folder as one state dict: `model.safetensors`, or the shards that its index names. Headers are
 * read and checked at once, a tensor when it is asked for.
 */
import { FormatError, InterruptError, NameError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import { nearest } from '../../base/nearest.ts';
import { openSafetensors, type Safetensors } from '../../base/safetensors/index.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Checkpoint } from '../../nn/architectures/index.ts';
import { readJson, type Folder } from '../folder.ts';

const single = 'model.safetensors';
const index = `${single}.index.json`;

/** Whether a folder holds weights that can be read. */
export const hasWeights = ({ files }: Folder): boolean => weightFile(files) !== undefined;

/** One file, or an index of several, by the names that Python's library writes; else the only safetensors file. */
function weightFile(files: readonly string[]): string | undefined {
  if (files.includes(single)) return single;
  if (files.includes(index)) return index;
  const all = files.filter(file => /^[^/]+\.safetensors$/.test(file));
  return all.length === 1 ? all[0] : undefined;
}

/** A state dict over open files. */
export class Weights implements Checkpoint {
  constructor(
    /** Tensor → the file that holds it. */
    private readonly places: ReadonlyMap<string, Safetensors>,
    private readonly where: string,
  ) {}

  get names(): string[] {
    return [...this.places.keys()];
  }

  has(name: string): boolean {
    return this.places.has(name);
  }

  /**
   * One tensor, as float32; nothing is kept of it here.
   * @throws NameError on an unknown name; InterruptError once the user has interrupted
   */
  read(name: string): Tensor {
    if (host().interrupted) throw new InterruptError(`interrupted before tensor ${name}`);
    const place = this.places.get(name);
    if (!place) throw new NameError('tensor', name, nearest(name, this.names), `looked in ${this.where}`);
    return place.read(name).cast('float32');
  }

  /** Lets go of the files. */
  close(): void {
    new Set(this.places.values()).forEach(file => file.close());
  }
}

/**
 * Opens the weights of a folder; shards that are on the hub are downloaded first.
 * @throws FormatError where an index and its shards do not agree; NameError where a shard is missing
 */
export async function openWeights(folder: Folder): Promise<Weights> {
  const name = weightFile(folder.files);
  if (name === undefined)
    throw new FormatError(`${folder.where}: holds no ${single}; convert its weights to safetensors`);
  const map = name === index ? await readIndex(folder) : undefined;
  const shards = new Map<string, Safetensors>();
  try {
    for (const file of new Set(map?.values() ?? [name]))
      shards.set(file, await openSafetensors(await folder.path(file)));
    const places = map
      ? [...map].map(([tensor, file]) => [tensor, holding(shards.get(file)!, tensor)] as const)
      : shards.get(name)!.names.map(tensor => [tensor, shards.get(name)!] as const);
    return new Weights(new Map(places), folder.where);
  } catch (error) {
    shards.forEach(shard => shard.close());
    throw error;
  }
}

function holding(shard: Safetensors, tensor: string): Safetensors {
  if (shard.has(tensor)) return shard;
  throw new FormatError(
    `${shard.path}: lacks tensor ${tensor}, which ${index} places there; load the model again, whole`,
    shard.path,
  );
}

async function readIndex(folder: Folder): Promise<Map<string, string>> {
  const { weight_map: map } = (await readJson(folder, index)).value;
  const rows = typeof map === 'object' && map !== null ? Object.entries(map) : [];
  if (!rows.length || !rows.every(([, file]) => typeof file === 'string'))
    throw new FormatError(`${folder.where}/${index}: weight_map does not say which file holds which tensor`);
  return new Map(rows as [string, string][]);
}
