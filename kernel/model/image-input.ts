/**
 * How pictures enter a network: the range, mean, deviation and channel order that its training used.
 * Kept in the file's metadata, so that a saved model can still be fed and visualised.
 */
import { filterNames, type Filter } from '../base/resample.ts';
import type { Graph } from '../onnx/graph.ts';
import { isObject, metadataOf } from '../onnx/metadata.ts';

export interface ImageInput {
  /** The input tensor, N×C×H×W. */
  readonly input: string;
  /** The first step of `model.prepare`: the length of the shorter side, or height and width. */
  readonly resize?: number | readonly [height: number, width: number];
  /** How pixels are weighted there; bilinear where left out. */
  readonly filter?: Filter;
  /** The second: what is kept around the middle, height and width. */
  readonly crop?: readonly [height: number, width: number];
  /** network input = (pixel·scale − mean) / std, with pixels in [0, 1]. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly order: 'rgb' | 'bgr';
  /** Class names, by index of the output. */
  readonly labels?: readonly string[];
}

/** The key of `metadata_props`: JSON of an `ImageInput`, missing fields at their defaults. */
export const IMAGE_KEY = 'neuronbook.image';

const defaults = { scale: 1, mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb' } as const;

/** @throws FormatError where the file says something that is no picture input */
export function imageInputOf(graph: Graph): ImageInput | undefined {
  const said = metadataOf(graph, IMAGE_KEY, isPartial);
  return said && imageInput(graph, said);
}

function isPartial(value: unknown): value is Partial<ImageInput> {
  if (!isObject(value)) return false;
  const { input = '', scale = 1, mean = [0], std = [1], order = 'rgb', labels = [] } = value;
  const { resize = 1, filter = 'bilinear', crop = [1, 1] } = value;
  const numbers = (list: unknown) => Array.isArray(list) && list.length > 0 && list.every(Number.isFinite);
  return (
    typeof input === 'string' &&
    Number.isFinite(scale) &&
    numbers(mean) &&
    numbers(std) &&
    (order === 'rgb' || order === 'bgr') &&
    Array.isArray(labels) &&
    (isSide(resize) || areSides(resize)) &&
    areSides(crop) &&
    (filterNames as readonly unknown[]).includes(filter)
  );
}

/** No picture is larger: beyond it a number is a mistake, or meant to exhaust whoever believes it. */
const longest = 2 ** 14;
const isSide = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= longest;
const areSides = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(isSide);

/** Completes what the caller says with defaults: the first input of four axes, pixels as they are. */
export function imageInput(graph: Graph, said: Partial<ImageInput> = {}): ImageInput {
  const input =
    said.input ?? graph.inputs.find(({ dims }) => dims?.length === 4)?.name ?? graph.inputs[0].name;
  return { ...defaults, ...said, input };
}
