/** Picture files: one as a tensor, or a folder of them with a class for each folder within. */
import { isFolder, list } from '#platform/files';
import { decodePicture } from '#platform/pictures';
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { fromPixels } from '../../base/pixels.ts';
import { rng as seeded, type Rng } from '../../base/rng.ts';
import { Tensor } from '../../base/tensor.ts';
import { parsed, type Source } from './source.ts';

/** A side, or height and width, in pixels. */
export type Size = number | readonly [height: number, width: number];

const sides = (size: Size): readonly [number, number] => (typeof size === 'number' ? [size, size] : size);
const ending = /\.(png|jpe?g|webp|gif|avif|tiff?)$/i;

/**
 * A picture as float32 1×3×H×W in [0, 1]: PNG, JPEG, WebP, GIF, AVIF or TIFF.
 * @param size to scale to, cutting what is too long around the middle; the picture's own where left out
 * @throws FormatError where it is no picture, or was cut short
 * @example const { outputs } = await model.run({ image: await readImage('cat.jpg', { size: 48 }) })
 */
export const readImage = (source: Source, { size }: { size?: Size } = {}): Promise<Tensor> =>
  parsed(source, 'a picture', async bytes =>
    fromPixels(await decodePicture(bytes, size === undefined ? undefined : sides(size))),
  );

/** float32 N×3×H×W in [0, 1], and int64 N: indices into `classes`. */
export interface ImageBatch {
  readonly image: Tensor;
  readonly label: Tensor;
  /** So that a batch is one of `fit`'s. */
  readonly [entry: string]: Tensor;
}

export class ImageFolder {
  constructor(
    /** Names of the folders within, sorted; a label is an index into these. */
    readonly classes: readonly string[],
    /** Paths, class by class. */
    readonly files: readonly string[],
    private readonly labels: readonly number[],
    private readonly size: Size,
  ) {}

  get length(): number {
    return this.files.length;
  }

  /** Some of the pictures, by index; they are read now. */
  async at(...indices: readonly number[]): Promise<ImageBatch> {
    const wrong = indices.find(i => !(i in this.files));
    if (wrong !== undefined) throw new ShapeError(`picture ${wrong}; expected 0 to ${this.files.length - 1}`);
    const [height, width] = sides(this.size);
    const image = new Float32Array(indices.length * 3 * height * width);
    const read = await Promise.all(indices.map(i => readImage(this.files[i], { size: this.size })));
    read.forEach(({ data }, k) => image.set(data as Float32Array, k * data.length));
    return {
      image: new Tensor('float32', [indices.length, 3, height, width], image),
      label: new Tensor(
        'int64',
        [indices.length],
        BigInt64Array.from(indices, i => BigInt(this.labels[i])),
      ),
    };
  }

  /** Random pictures, for `fit`. @example await fit(model, photos.draw(8), { loss: crossEntropy(), steps: 500 }) */
  draw(batch = 32): (step: number, rng: Rng) => Promise<ImageBatch> {
    return (_step, rng) => this.at(...Array.from({ length: batch }, () => rng.integer(this.length)));
  }

  /**
   * Every picture once; the last batch may be smaller.
   * @example for await (const { image, label } of photos.batches({ size: 2 })) display([image.dims, label.dims])
   */
  async *batches({ size = 32, shuffle = false as string | number | false } = {}): AsyncGenerator<ImageBatch> {
    const order = shuffle === false ? this.files.map((_, i) => i) : seeded(shuffle).permutation(this.length);
    for (let from = 0; from < order.length; from += size)
      yield await this.at(...order.slice(from, from + size));
  }

  toString(): string {
    const counts = this.classes.map(
      (name, label) => `${name} ${this.labels.filter(own => own === label).length}`,
    );
    return `${this.length} pictures at ${sides(this.size).join('×')}: ${counts.join(', ')}`;
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.toString() };
  }
}

/**
 * The pictures below a folder, labelled by the folder each lies in: `photos/cat/1.jpg` is a cat. They are read when
 * they are asked for.
 * @param size all are scaled to
 * @throws NeuronbookError where no folder within has pictures
 * @example const photos = await imageFolder('photos/', { size: 64 })
 */
export async function imageFolder(path: string, { size }: { size: Size }): Promise<ImageFolder> {
  const folder = path.replace(/[/\\]+$/, '');
  const classes: string[] = [];
  const files: string[] = [];
  const labels: number[] = [];
  for (const name of await list(folder)) {
    if (!(await isFolder(`${folder}/${name}`))) continue;
    const found = (await list(`${folder}/${name}`)).filter(file => ending.test(file));
    if (!found.length) continue;
    files.push(...found.map(file => `${folder}/${name}/${file}`));
    labels.push(...found.map(() => classes.length));
    classes.push(name);
  }
  if (!files.length)
    throw new NeuronbookError(
      `${path} has no folders with pictures; expected one for each class, e.g. ${folder}/cat/1.jpg`,
    );
  return new ImageFolder(classes, files, labels, size);
}
