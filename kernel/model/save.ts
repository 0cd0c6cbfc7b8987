/** A graph as an ONNX file, and as two where the weights are more than a protobuf message can hold. */
import { writeFile } from '#platform/files';
import type { Tensor } from '../base/tensor.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import type { ExternalPlace } from '../onnx/tensor-proto.ts';

export interface SaveOptions {
  /** Weights of up to so many bytes in all go into the file itself; default: nearly the 2 GB that it can hold. */
  inline?: number;
}

/** Smaller tensors stay in the file: shapes and scalars are read by tools that never open the other one. */
const smallest = 1024;
/** ONNX Runtime maps weights into memory where they lie aligned. */
const alignment = 64;

/**
 * Writes the graph; where it is too large for one file, its large tensors to `<path>.data`, which has to stay beside it.
 * Tensors are written one after another, without a second copy of them.
 * @throws NeuronbookError where the file cannot be written
 */
export async function saveOnnx(
  path: string,
  graph: Graph,
  { inline = 2 ** 31 - 2 ** 26 }: SaveOptions = {},
): Promise<void> {
  let total = 0;
  for (const tensor of graph.constants.values()) total += bytesIn(tensor).length;
  if (total <= inline) return writeFile(path, encode(graph));

  const location = `${path.replace(/^.*[\\/]/, '')}.data`;
  const external = new Map<string, ExternalPlace>();
  let end = 0;
  for (const [name, tensor] of graph.constants) {
    const { length } = bytesIn(tensor);
    if (length < smallest) continue;
    const offset = Math.ceil(end / alignment) * alignment;
    external.set(name, { location, offset, length });
    end = offset + length;
  }
  // the weights first: the file that names them appears only when they are there
  await writeFile(`${path}.data`, parts(graph, external));
  await writeFile(path, encode(graph, { external }));
}

function* parts(graph: Graph, places: ReadonlyMap<string, ExternalPlace>): Generator<Uint8Array> {
  let end = 0;
  for (const [name, { offset, length }] of places) {
    if (offset > end) yield new Uint8Array(offset - end);
    yield bytesIn(graph.constants.get(name)!);
    end = offset + length;
  }
}

/** A tensor's own memory; of texts nothing, since they stay in the file. */
const bytesIn = ({ data }: Tensor): Uint8Array =>
  Array.isArray(data) ? new Uint8Array() : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
