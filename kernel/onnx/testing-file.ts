/** Files for tests, written field by field: what no graph of ours would become, and what `decode` must refuse. */
import { expect } from 'vitest';
import { decode } from './decode.ts';
import { ModelType } from './schema.ts';

export const text = (value: string) => new TextEncoder().encode(value);
export const valueInfo = (name: string, elem_type = 1, dims: object[] = [{ dim_value: 2 }]) => ({
  name,
  type: { tensor_type: { elem_type, shape: { dim: dims } } },
});

/** The bytes of a file that holds this graph; what is left out makes y = x + w. */
export function file(graph: object = {}, model: object = {}): Uint8Array {
  return ModelType.encode({
    ir_version: 8,
    opset_import: [{ domain: '', version: 17 }],
    graph: {
      name: 'g',
      node: [{ op_type: 'Add', name: 'sum', input: ['x', 'w'], output: ['y'] }],
      input: [valueInfo('x')],
      output: [valueInfo('y')],
      initializer: [{ name: 'w', dims: [2], data_type: 1, float_data: [1, 2] }],
      ...graph,
    },
    ...model,
  }).finish();
}
/** A file with one more initializer. */
export const holding = (initializer: object) =>
  file({
    initializer: [
      { name: 'w', dims: [2], data_type: 1, float_data: [1, 2] },
      { name: 'c', ...initializer },
    ],
  });

export function refusal(
  bytes: Uint8Array,
  options: Parameters<typeof decode>[1] = { path: 'net.onnx' },
): string {
  try {
    decode(bytes, options);
  } catch (error) {
    expect(error).toMatchObject({ name: 'FormatError', path: options?.path });
    return (error as Error).message;
  }
  return 'was read';
}
