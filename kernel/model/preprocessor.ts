/**
 * What a folder's preprocessor_config.json (or timm's `pretrained_cfg` in config.json) says of how pictures enter, as
 * the `ImageInput` that a graph carries. It may come from a stranger: every entry is checked before it is believed.
 * @see https://huggingface.co/docs/transformers/main_classes/image_processor
 */
import { NeuronbookError } from '../base/errors.ts';
import type { Filter } from '../base/resample.ts';
import { isObject } from '../onnx/metadata.ts';
import type { ImageInput } from './image-input.ts';

type Config = Readonly<Record<string, unknown>>;
type Said = { -readonly [Key in keyof ImageInput]?: ImageInput[Key] };
type Sides = readonly [height: number, width: number];

/** Pillow's numbers for its filters. */
const resampling: readonly (Filter | undefined)[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box'];

/**
 * @throws NeuronbookError on an entry that is no number, size or list of numbers
 * @example imageInputFrom({ size: { shortest_edge: 224 }, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] })
 */
export function imageInputFrom(config: Config): Partial<ImageInput> {
  const said: Said = {};
  const on = (name: string, fallback: boolean) => (config[name] ?? fallback) === true;
  const has = (name: string) => config[name] !== undefined && config[name] !== null;

  // 1. resize and crop
  const crops = on('do_center_crop', false);
  if (crops && has('crop_size')) said.crop = sidesOf('crop_size', config.crop_size);
  if (on('do_resize', has('size')) && has('size')) Object.assign(said, resizeOf(config, crops));
  if (has('resample')) said.filter = filterOf(config.resample);

  // 2. pixel·rescale, from 0 … 255, is pixel·255·rescale from 0 … 1
  const rescales = on('do_rescale', has('rescale_factor') || has('image_mean'));
  const scale = rescales ? 255 * number('rescale_factor', config.rescale_factor ?? 1 / 255) : 255;
  said.scale = Math.abs(scale - 1) < 1e-9 ? 1 : scale;

  // 3. mean and deviation, order
  if (on('do_normalize', has('image_mean'))) {
    if (has('image_mean')) said.mean = numbers('image_mean', config.image_mean);
    if (has('image_std')) said.std = numbers('image_std', config.image_std);
  }
  if (on('do_flip_channel_order', false)) said.order = 'bgr';
  return said;
}

/** timm: the shorter side becomes size / crop_pct, and the middle is kept. */
export function imageInputFromTimm(config: Config): Partial<ImageInput> {
  const { mean, std, input_size: size, crop_pct: share = 0.875, interpolation = 'bicubic' } = config;
  const said: Said = {};
  if (mean !== undefined) said.mean = numbers('mean', mean);
  if (std !== undefined) said.std = numbers('std', std);
  if (size !== undefined) {
    const [, height, width] = numbers('input_size', size);
    said.crop = [height, width];
    said.resize = Math.floor(Math.min(height, width) / number('crop_pct', share));
  }
  said.filter = resampling.includes(interpolation as Filter) ? (interpolation as Filter) : 'bicubic';
  return said;
}

/** The shorter side where the config means that one, or height and width. */
function resizeOf({ size, crop_pct: share }: Config, crops: boolean): Said {
  const edge = isObject(size) ? size.shortest_edge : crops || share !== undefined ? size : undefined;
  if (edge === undefined || edge === null) return { resize: sidesOf('size', size) };
  const side = number('size', edge);
  if (share === undefined || share === null) return { resize: side };
  // ConvNeXt and ResNet: small pictures lose a margin, large ones are stretched
  if (side >= 384) return { resize: [side, side] };
  return { resize: Math.floor(side / number('crop_pct', share)), crop: [side, side] };
}

function sidesOf(name: string, value: unknown): Sides {
  if (typeof value === 'number') return [value, value];
  if (isObject(value)) return [number(name, value.height), number(name, value.width)];
  const [height, width] = numbers(name, value);
  return [height, width];
}

function filterOf(value: unknown): Filter {
  const filter = resampling[number('resample', value)];
  if (!filter) refuse('resample', value, 'a number from 0 to 4');
  return filter;
}

function number(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) refuse(name, value, 'a number');
  return value;
}

function numbers(name: string, value: unknown): readonly number[] {
  if (!Array.isArray(value) || !value.length || !value.every(Number.isFinite))
    refuse(name, value, 'a list of numbers');
  return value as number[];
}

function refuse(name: string, value: unknown, expected: string): never {
  throw new NeuronbookError(
    `preprocessor_config.json: ${name} is ${JSON.stringify(value)?.slice(0, 60)}; expected ${expected}`,
  );
}
