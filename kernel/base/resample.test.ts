/** Pictures at another size are what Pillow makes of them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromPixels } from './pixels.ts';
import { cropped, resampled, type Filter } from './resample.ts';
import { tensor } from './tensor.ts';

interface Sized {
  height: number;
  width: number;
  pixels: string;
}
const { cases, ...given } = JSON.parse(
  readFileSync(new URL('fixtures/resample.json', import.meta.url), 'utf8'),
) as Sized & { cases: (Sized & { filter: Filter })[] };

const read = ({ height, width, pixels }: Sized) =>
  fromPixels({ height, width, channels: 3, data: new Uint8Array(Buffer.from(pixels, 'base64')) });
const bytes = (image: ReturnType<typeof read>) => image.toNumbers().map(value => Math.round(value * 255));

test.each(cases.map(one => [`${one.filter} to ${one.height}×${one.width}`, one] as const))(
  'as Pillow does: %s',
  (_, { filter, ...wanted }) => {
    const made = resampled(read(given), wanted.height, wanted.width, filter);
    expect(made.dims).toEqual([1, 3, wanted.height, wanted.width]);
    expect(bytes(made)).toEqual(bytes(read(wanted)));
  },
);

test('another filter gives another picture', () =>
  expect(bytes(resampled(read(given), 7, 5, 'bilinear'))).not.toEqual(
    bytes(resampled(read(given), 7, 5, 'bicubic')),
  ));

test('the middle is kept, what is odd is cut at the far side', () => {
  const image = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1, 1, 3, 4]);
  expect(cropped(image, 1, 2).toArray()).toEqual([[[[6, 7]]]]);
  expect(cropped(image, 2, 3).toArray()).toEqual([
    [
      [
        [1, 2, 3],
        [5, 6, 7],
      ],
    ],
  ]);
});
