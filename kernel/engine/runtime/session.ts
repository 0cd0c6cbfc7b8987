/**
 * The session that both runtimes share: tensors in and out without copies, native work under the host's flag,
 * errors in the library's words. The garbage collector sees nothing of a session's native memory and lets dropped
 * ones pile up for long, so whoever makes a session releases it; `session-cache.ts` does for all that is compiled.
 */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import type { DType, TensorData } from '../../base/dtype.ts';
import { NeuronbookError } from '../../base/errors.ts';
import { native } from '../../base/host.ts';
import { Tensor } from '../../base/tensor.ts';
import { runtimeError } from './error.ts';
import type { Fetches, Session } from './types.ts';

/** Where results are written: ONNX Runtime for the web ignores preallocated tensors, so there the result is copied. */
export type InPlace = 'native' | 'copied';

export function wrapSession(
  session: InferenceSession,
  OrtTensor: TensorConstructor,
  inPlace: InPlace,
): Session {
  let pending = 0;
  let state: 'open' | 'closing' | 'closed' = 'open';
  let closed: () => void = () => {};
  const whenClosed = new Promise<void>(resolve => (closed = resolve));
  const close = async () => {
    state = 'closed';
    await native(() => session.release());
    closed();
  };

  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, fetches) {
      if (state !== 'open') throw new NeuronbookError('session is released; compile the graph again');
      pending++;
      try {
        const fed = Object.fromEntries(
          Object.entries(feeds).map(([name, value]) => [name, toOrt(value, OrtTensor)]),
        );
        const { wanted, targets } = split(fetches ?? session.outputNames);
        const given = inPlace === 'native' ? targets : {};
        const slots = Object.fromEntries(
          wanted.map(name => [name, given[name] ? toOrt(given[name], OrtTensor) : null]),
        );
        const results = await native(() => session.run(fed, slots));
        return collect(results, wanted, targets, inPlace);
      } catch (error) {
        throw runtimeError(error, 'run');
      } finally {
        pending--;
        if (pending === 0 && (state as string) === 'closing') await close();
      }
    },
    async release() {
      if (state === 'open') {
        if (pending === 0) await close();
        else state = 'closing';
      }
      await whenClosed;
    },
  };
}

function split(fetches: Fetches) {
  if (Array.isArray(fetches))
    return { wanted: fetches as readonly string[], targets: {} as Record<string, Tensor> };
  const targets: Record<string, Tensor> = {};
  for (const [name, target] of Object.entries(fetches as Record<string, Tensor | null>))
    if (target) targets[name] = target;
  return { wanted: Object.keys(fetches), targets };
}

function collect(
  results: InferenceSession.OnnxValueMapType,
  wanted: readonly string[],
  targets: Readonly<Record<string, Tensor>>,
  inPlace: InPlace,
): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const name of wanted) {
    const target = targets[name];
    const result = results[name] as OrtTensor;
    if (target && inPlace === 'copied') {
      const computed = fromOrt(result);
      if (computed.dtype !== target.dtype || computed.size !== target.size)
        throw new NeuronbookError(`output ${name} is ${computed}; expected to fit into ${target}`);
      if (Array.isArray(target.data)) target.data.splice(0, target.size, ...(computed.data as string[]));
      else target.data.set(computed.data as never);
    }
    tensors[name] = target ?? fromOrt(result);
  }
  return tensors;
}

/** The same memory as ONNX Runtime's tensor. */
const toOrt = ({ dtype, data, dims }: Tensor, OrtTensor: TensorConstructor): OrtTensor =>
  // the constructor's overloads pair each dtype with its array; our Tensor has paired them already
  new OrtTensor(dtype as 'float32', data as Float32Array, dims as number[]);

function fromOrt({ type, data, dims }: OrtTensor): Tensor {
  const bits = data as Uint16Array;
  // Node 24 and newer browsers hand halves over as Float16Array; we keep their bits
  const kept =
    type === 'float16' && !(data instanceof Uint16Array)
      ? new Uint16Array(bits.buffer, bits.byteOffset, bits.length)
      : data;
  return new Tensor(type as DType, dims, kept as TensorData);
}
