/** One place that words a refusal of a file: `digits.onnx: tensor w: holds 12 bytes; expected 16 …`. */
import { FormatError } from '../base/errors.ts';

export const broken = (message: string, path?: string): FormatError =>
  new FormatError(`${path ?? 'the model'}: ${message}`, path);
