/** Files in: NumPy, tables, text and pictures; and what each says of a file that is broken. */
import { DuckDBInstance } from '@duckdb/node-api';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeParquet } from '../../base/platform/store.node.ts';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { picture } from '../images.ts';
import { readNpy, readNpz, toNpy, toNpz } from './npy.ts';
import { imageFolder, readImage } from './pictures.ts';
import { readCsv, readParquet } from './table.ts';
import { readText, windows } from './text.ts';

const fixture = fileURLToPath(new URL('fixtures/arrays.npz', import.meta.url));
const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length / 2);
const bytesOf = (text: string) => new TextEncoder().encode(text);
let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'neuronbook-data-'))));
afterAll(() => rmSync(root, { recursive: true }));

/** Why a file is refused. */
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: Error) => `${error.name}: ${error.message.replaceAll(root, '…')}`,
  );

describe('NumPy', () => {
  test('arrays of every kind come as NumPy wrote them', async () => {
    const arrays = await readNpz(fixture);
    const told = Object.fromEntries(
      Object.entries(arrays).map(([name, { dtype, dims, data }]) => [
        name,
        `${dtype} ${dims.join('×')} ${Array.from(data as Float32Array, String).join(' ')}`,
      ]),
    );
    expect(told).toMatchInlineSnapshot(`
      {
        "big": "int32 3 1 -2 300",
        "bool": "bool 3 1 0 1",
        "float16": "float16 2 14336 64511",
        "float32": "float32 2×2 1.5 -2 0.25 9.999999682655225e-21",
        "float64": "float64 2 3.141592653589793 Infinity",
        "fortran": "int32 2×3×4 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23",
        "int64": "int64 2 9007199254740993 -4611686018427387904",
        "scalar": "float32  7",
        "uint8": "uint8 1×2×3 0 1 2 3 4 5",
      }
    `);
  });

  test('what is written reads back, one array and several', async () => {
    const given: Record<string, Tensor> = {
      a: tensor([1, 2, 3, 4, 5, 6], [2, 3]),
      b: tensor(BigInt64Array.of(-1n, 2n ** 60n)),
      c: tensor([true, false]),
      d: tensor([], [0, 4]),
    };
    expect(await readNpz(toNpz(given))).toEqual(given);
    const path = join(root, 'a.npy');
    writeFileSync(path, toNpy(given.a));
    expect(await readNpy(path)).toEqual(given.a);
    expect(toNpy(given.a).length % 64).toBe(24);
  });

  test('broken ones say what is wrong', async () => {
    const whole = toNpy(tensor([1, 2, 3, 4], [2, 2]));
    const header = new TextDecoder('latin1').decode(whole);
    const altered = (from: string, to: string) =>
      Uint8Array.from(header.replace(from, to), char => char.charCodeAt(0));
    expect(await refusal(readNpy(whole.subarray(0, 40)))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .npy file, or a broken one: it ends within its header; it was cut short"`,
    );
    expect(await refusal(readNpy(whole.subarray(0, whole.length - 3)))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .npy file, or a broken one: it holds 13 bytes of values; expected 16 for 2×2 of float32; it was cut short"`,
    );
    expect(await refusal(readNpy(bytesOf('something else')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .npy file, or a broken one: it begins with 73 6f 6d 65 74 68; expected 93 4e 55 4d 50 59"`,
    );
    expect(await refusal(readNpy(altered('<f4', '<c8')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .npy file, or a broken one: its type is c8; expected one of f4, f8, f2, i1, i2, i4, i8, u1, u2, u4, u8, b1"`,
    );
    expect(await refusal(readNpy(altered('(2, 2)', '(9, 9)')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .npy file, or a broken one: it holds 16 bytes of values; expected 324 for 9×9 of float32; it was cut short"`,
    );
    expect(await refusal(readNpz(readFileSync(fixture).subarray(0, 900)))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .npz file, or a broken one: invalid zip data"`,
    );
  });
});

describe('tables', () => {
  test('a CSV column is the narrowest tensor that holds it', async () => {
    const table = await readCsv(
      bytesOf('id;height;ok;name;hole\n1;1.5;true;"Ann; B";\n2;-2e3;false;"says ""hi""";7\n'),
    );
    const told = Object.entries(table).map(([name, { dtype, data }]) => [
      name,
      dtype,
      Array.from(data as string[], String),
    ]);
    expect(told).toEqual([
      ['id', 'int64', ['1', '2']],
      ['height', 'float32', ['1.5', '-2000']],
      ['ok', 'bool', ['1', '0']],
      ['name', 'string', ['Ann; B', 'says "hi"']],
      ['hole', 'float32', ['NaN', '7']],
    ]);
  });

  test('a broken CSV says where', async () => {
    expect(await refusal(readCsv(bytesOf('a,b\n1,2\n3\n')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .csv file, or a broken one: near line 3: 1 fields; expected 2, as in the first line"`,
    );
    expect(await refusal(readCsv(bytesOf('a,b\n1,2\n3,"4')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .csv file, or a broken one: near line 3: Quoted field unterminated"`,
    );
    expect(await refusal(readCsv(Uint8Array.of(97, 10, 255, 10)))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .csv file, or a broken one: The encoded data was not valid for encoding utf-8"`,
    );
    expect(await refusal(readCsv(bytesOf('a,b,a\n1,2,3')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .csv file, or a broken one: two columns are called a; rename one"`,
    );
    expect(await refusal(readCsv(bytesOf('')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .csv file, or a broken one: it is empty; expected a line of column names"`,
    );
  });

  test('Parquet: numbers, text, lists, and a choice of columns', async () => {
    const path = join(root, 'table.parquet');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(`copy (select i::bigint as id, i::float as x, 'row ' || i as text, i > 1 as big, [i, i / 2.0]::float[] as pair,
      case when i = 2 then null else i end as hole from range(4) t(i)) to '${path}' (format parquet, codec zstd)`);
    connection.closeSync();
    const table = await readParquet(path);
    const told = Object.entries(table).map(([name, { dtype, dims, data }]) => [
      name,
      dtype,
      dims,
      Array.from(data as string[], String).join(' '),
    ]);
    expect(told).toEqual([
      ['id', 'int64', [4], '0 1 2 3'],
      ['x', 'float32', [4], '0 1 2 3'],
      ['text', 'string', [4], 'row 0 row 1 row 2 row 3'],
      ['big', 'bool', [4], '0 0 1 1'],
      ['pair', 'float32', [4, 2], '0 0 1 0.5 2 1 3 1.5'],
      ['hole', 'float32', [4], '0 1 NaN 3'],
    ]);
    expect(Object.keys(await readParquet(path, ['text']))).toEqual(['text']);
    const bytes = readFileSync(path);
    expect(
      await refusal(readParquet(new Uint8Array(bytes.subarray(0, bytes.length - 20)))),
    ).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a .parquet file, or a broken one: Invalid Input Error: No magic bytes found at end of file '…/data.parquet'"`,
    );
    const middle = new Uint8Array(bytes).fill(255, 4, 120);
    expect(await refusal(readParquet(middle))).toMatch(
      /^FormatError: these bytes: not a .parquet file, or a broken one: ./,
    );
    expect(await refusal(readParquet(path, ['txt']))).toBe(
      'NameError: unknown column: txt; nearest: text, x, id',
    );
  });
});

describe('text', () => {
  test('is UTF-8 or an error', async () => {
    expect(await readText(bytesOf('größer'))).toBe('größer');
    expect(await refusal(readText(Uint8Array.of(104, 233, 108)))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not UTF-8 text, or a broken one: The encoded data was not valid for encoding utf-8"`,
    );
  });

  test('windows lie anywhere in it, with the next token as the label', () => {
    const ids = Int32Array.from({ length: 50 }, (_, i) => i);
    const { tokens, label } = windows(ids, { length: 8, batch: 200 })(0, rng(1));
    expect(label.toNumbers()).toEqual(tokens.toNumbers().map(id => id + 1));
    const starts = Array.from({ length: 200 }, (_, i) => Number(tokens.data[8 * i]));
    expect([Math.min(...starts), Math.max(...starts)]).toEqual([0, 41]);
    expect(() => windows(ids, { length: 50 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: a text of 50 tokens; expected more than a window, which is 50]`,
    );
  });
});

describe('pictures', () => {
  const image = tensor(
    Float32Array.from(
      { length: 3 * 40 * 60 },
      (_, i) => 0.5 + 0.5 * Math.sin((i % 60) / 9 + Math.floor(i / 2400)),
    ),
    [3, 40, 60],
  );
  const apart = (a: Tensor, b: Tensor) => {
    const [x, y] = [a.toNumbers(), b.toNumbers()];
    return x.reduce((sum, value, i) => sum + Math.abs(value - y[i]), 0) / x.length;
  };

  test('PNG, JPEG and WebP, at their own size or scaled and cut', async () => {
    const png = picture(image);
    const jpeg = await sharp(png).jpeg({ quality: 95 }).toBuffer();
    const webp = await sharp(png).webp({ quality: 95 }).toBuffer();
    for (const [bytes, tolerance] of [
      [png, 0.003],
      [jpeg, 0.02],
      [webp, 0.02],
    ] as const) {
      const read = await readImage(new Uint8Array(bytes));
      expect(read.dims).toEqual([1, 3, 40, 60]);
      expect(apart(read, image)).toBeLessThan(tolerance);
    }
    const square = await readImage(png, { size: 20 });
    expect(square.dims).toEqual([1, 3, 20, 20]);
    // its middle pixel is what was around the middle
    const middle = image.at(0).at(20).toNumbers()[30];
    expect(square.at(0).at(0).at(10).toNumbers()[10]).toBeCloseTo(middle, 1);
    expect((await readImage(png, { size: [10, 30] })).dims).toEqual([1, 3, 10, 30]);
    const grey = await sharp(png).greyscale().png().toBuffer();
    expect((await readImage(grey)).dims).toEqual([1, 3, 40, 60]);
  });

  test('one that is cut short, or none, says so', async () => {
    const jpeg = await sharp(picture(image)).jpeg().toBuffer();
    const path = join(root, 'cut.jpg');
    writeFileSync(path, half(jpeg));
    expect(await refusal(readImage(path))).toMatch(
      /^FormatError: …\/cut.jpg: not a picture, or a broken one: .*premature end/,
    );
    expect(await refusal(readImage(half(picture(image))))).toMatch(
      /^FormatError: these bytes: not a picture/,
    );
    expect(await refusal(readImage(bytesOf('no picture')))).toMatchInlineSnapshot(
      `"FormatError: these bytes: not a picture, or a broken one: Input buffer contains unsupported image format"`,
    );
  });

  test('a folder of folders is a labelled set', async () => {
    for (const [name, value] of [
      ['dark', 0.1],
      ['light', 0.9],
    ] as const) {
      mkdirSync(join(root, 'set', name), { recursive: true });
      for (const file of ['a.png', 'b.png'])
        writeFileSync(
          join(root, 'set', name, file),
          picture(tensor(new Float32Array(3 * 36).fill(value), [3, 6, 6])),
        );
      writeFileSync(join(root, 'set', name, 'notes.txt'), 'no picture');
    }
    const set = await imageFolder(join(root, 'set'), { size: 4 });
    expect(String(set)).toBe('4 pictures at 4×4: dark 2, light 2');
    const { image, label } = await set.draw(16)(0, rng(1));
    expect(image.dims).toEqual([16, 3, 4, 4]);
    label.toNumbers().forEach((own, i) => expect(image.at(i).toNumbers()[5]).toBeCloseTo(own ? 0.9 : 0.1, 2));
    const sizes: number[] = [];
    for await (const batch of set.batches({ size: 3 })) sizes.push(batch.label.size);
    expect(sizes).toEqual([3, 1]);
    await expect(set.at(9)).rejects.toThrow('picture 9; expected 0 to 3');
    expect(await refusal(imageFolder(join(root, 'set/dark'), { size: 4 }))).toMatchInlineSnapshot(
      `"NeuronbookError: …/set/dark has no folders with pictures; expected one for each class, e.g. …/set/dark/cat/1.jpg"`,
    );
  });
});

test('files with a few bytes changed are read or refused, never worse', async () => {
  const path = join(root, 'sound.parquet');
  const columns = [{ name: 'b', width: 4, data: Float32Array.from({ length: 400 }, (_, i) => i) }];
  await writeParquet(path, { rows: 100, columns });
  const jpeg = await sharp(picture(tensor(new Float32Array(300).fill(0.4), [3, 10, 10])))
    .jpeg()
    .toBuffer();
  const readers: [Uint8Array, (bytes: Uint8Array) => Promise<unknown>, number][] = [
    [toNpy(tensor([1, 2, 3, 4], [2, 2])), readNpy, 300],
    [readFileSync(fixture), readNpz, 200],
    [readFileSync(path), readParquet, 80],
    [bytesOf('a,b\n1,"x"\n2,y\n'), readCsv, 200],
    [jpeg, readImage, 40],
  ];
  const random = rng('mutations');
  for (const [sound, read, count] of readers)
    for (let i = 0; i < count; i++) {
      const bytes = new Uint8Array(sound);
      for (let k = 0; k <= random.integer(4); k++) bytes[random.integer(bytes.length)] = random.integer(256);
      const cut = random.uniform() < 0.2 ? bytes.subarray(0, random.integer(bytes.length)) : bytes;
      expect(await refusal(read(cut))).toMatch(/^(accepted$|FormatError: these bytes: )/);
    }
});
