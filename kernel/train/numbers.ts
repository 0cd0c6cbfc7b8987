/** Whole numbers of a batch that mean something to the network: tokens and classes. Looked at before each step. */
import { isFloat } from '../base/dtype.ts';
import { NeuronbookError } from '../base/errors.ts';
import { assertRows, outside, placeOf, rowsOf } from '../model/rows.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Batch } from './data.ts';
import type { Labels } from './loss.ts';

/**
 * @param labels the entries that hold classes
 * @throws NeuronbookError on the first token or class that there is not, with its place in the batch
 */
export function assertNumbers(graph: Graph, labels: Readonly<Record<string, Labels>>, batch: Batch): void {
  for (const [input, rows] of rowsOf(graph)) if (batch[input]) assertRows(input, batch[input], rows);
  for (const [name, { count, logits, ignore }] of Object.entries(labels)) {
    const wrong = outside(batch[name], count, ignore);
    if (!wrong) continue;
    const { value, at } = wrong;
    const next = Number(value) < 0 ? `; where it marks rows that do not count, { ignore: ${value} }` : '';
    const but = ignore === undefined ? '' : `, or ${ignore} where a row does not count`;
    throw new NeuronbookError(
      `label ${name} is ${value} at ${at}; expected 0 to ${count - 1}, the ${count} classes of ${logits}${but || next}`,
    );
  }
}

/** What is said of a batch that holds NaN or an infinity: no rate mends that. */
export function brokenIn(batch: Batch): string | undefined {
  for (const [name, value] of Object.entries(batch)) {
    if (!isFloat(value.dtype)) continue;
    const data = value.toFloat32OrWider();
    const at = data.findIndex(number => !Number.isFinite(number));
    if (at >= 0) return `${name} holds ${data[at]} at ${placeOf(at, value.dims)}; mend the data`;
  }
  return undefined;
}
