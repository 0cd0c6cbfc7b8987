/**
 * Live figures in JupyterLab: ONNX Runtime lies among the extension's static files and is fetched when a reader first
 * touches a figure. Unbundled, because its own script starts itself again from the address that it has.
 */
import type { LivePayload } from 'neuronbook/display/views/live';
import { LiveFigure } from '../live/figure.ts';
import type { Engine } from '../live/runner.ts';
import type { View, ViewContext } from '../view.ts';

export { problem } from 'neuronbook/display/views/live';

declare const __webpack_public_path__: string;

/** A static file of the extension as an address that a worker can use, too. */
const address = (name: string): string =>
  new URL(`${__webpack_public_path__}live/${name}`, document.baseURI).href;

const engineOf = ({ settings }: ViewContext): Engine => ({
  worker: () => new Worker(address('worker.js')),
  get basic() {
    return { script: address('ort.wasm.bundle.min.mjs'), wasm: address('ort-wasm-simd-threaded.wasm') };
  },
  get webgpu() {
    return {
      script: address('ort.webgpu.bundle.min.mjs'),
      wasm: address('ort-wasm-simd-threaded.asyncify.wasm'),
    };
  },
  get card() {
    return settings.values.graphicsCard;
  },
});

export default (context: ViewContext): View<LivePayload> => new LiveFigure(context, engineOf(context));
