/**
 * The front door: all that notebooks and systems may import, and the only file that says what is public.
 */
import { feature } from './instruments/feature/index.ts';
import { serveInspector } from './instruments/inspector/index.ts';

// arrays, randomness, errors
export { tensor, Tensor, isTensor, type TensorLike } from './base/tensor.ts';
export type { DType } from './base/dtype.ts';
export { rng, type Rng } from './base/rng.ts';
export {
  DownloadError,
  FormatError,
  InterruptError,
  NameError,
  NeuronbookError,
  OpError,
  ShapeError,
} from './base/errors.ts';

// models: load, run, gradient, edit, save
export { load, type LoadOptions } from './model/load.ts';
export type { Provider } from './engine/compile.ts';
export { Model, type RunOptions, type RunResult } from './model/model.ts';
export type {
  DerivativeOptions,
  GradientOptions,
  HvpOptions,
  JvpOptions,
  VjpOptions,
} from './model/derivative.ts';
export * as ops from './engine/functions.ts';
export { override, type Override, type Vjp } from './engine/override.ts';
export { float16, int8, type Packing } from './engine/packing.ts';
export type { Saved } from './engine/saved.ts';
export { straightThrough } from './engine/straight-through.ts';
export { Objective, pick } from './model/objective.ts';
export { ablate, clamp, patch, steer, type Edit } from './model/edits.ts';
export { frozen, type FrozenOptions } from './model/frozen.ts';
export * from './model/generate/index.ts';
export { tokenizer } from './model/tokenizer-source.ts';
export { openSafetensors, saveSafetensors, type Safetensors } from './base/safetensors/index.ts';
export type { Tokenizer } from './model/tokenizer.ts';
export type { SaveOptions } from './model/save.ts';
export type { ImageInput } from './model/image-input.ts';
export type { Site } from './model/sites.ts';

// networks and training
export * as nn from './nn/index.ts';
export * from './train/index.ts';

// data
export { harvest, type HarvestOptions } from './instruments/harvest/index.ts';
export { Activations, type ActivationBatch } from './data/activations/activations.ts';
export { openActivations } from './data/activations/recorder.ts';
export type { HarvestData } from './model/harvest.ts';
export { fromPng, picture } from './data/images.ts';
export { readNpy, readNpz, toNpy, toNpz } from './data/files/npy.ts';
export { imageFolder, readImage, type ImageBatch, type ImageFolder } from './data/files/pictures.ts';
export { readCsv, readParquet, type Table } from './data/files/table.ts';
export { readText, windows } from './data/files/text.ts';
export { arithmetic } from './data/arithmetic.ts';
export { chains } from './data/chains.ts';
export { copying } from './data/copying.ts';
export { blobs, type BlobBatch } from './data/blobs.ts';
export { facts, type World } from './data/facts.ts';
export { names, type NamesTask, type Prompts } from './data/names.ts';
export { gratings, type GratingBatch } from './data/gratings.ts';
export { shapes, type ShapeBatch } from './data/shapes.ts';
export { stories } from './data/stories/stories.ts';
export { reachableLoss, type Language, type TokenBatch } from './data/writer.ts';
export { facets, type Facets, type FacetOptions } from './data/facets.ts';
export { Vocabulary } from './data/vocabulary.ts';
export { textures, type TextureBatch, type TextureClass } from './data/textures.ts';

// instruments
export * from './instruments/experiment/index.ts';
export { channel, direction, logit, neuron } from './instruments/feature/objectives/index.ts';
export * as figure from './instruments/figure/index.ts';
export * as sparsity from './instruments/sparsity/index.ts';
export * as attribution from './instruments/attribution/index.ts';
export * as circuits from './instruments/circuits/index.ts';
export * as transcoder from './instruments/transcoder/index.ts';
export * as viz from './instruments/feature/index.ts';

// what the inspector's panel asks is answered from the moment somebody imports the library
serveInspector({ feature });

// showing
export { display, clear, html, input, markdown, svg, update } from './display/display.ts';
export * as plot from './display/plot.ts';
export * as view from './display/view.ts';
export { interactive } from './display/views/interactive.ts';
export { progress } from './display/progress.ts';
export { scaled } from './display/scaled.ts';
export { widget, type Widget, type WidgetOptions } from './display/widget.ts';
