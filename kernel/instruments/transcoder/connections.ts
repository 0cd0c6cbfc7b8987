/**
 * How features of an early coder reach those of a later one through the residual stream, read off the weights:
 *
 *   f ──W_dec──▶ residual stream ──W_enc──▶ f′         input-invariant  w_ij = W_dec,i · W_enc′,j
 *                                                      at an input      z_i · w_ij
 */
import { ShapeError } from '../../base/errors.ts';
import { tensor, type Tensor, type TensorLike } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { matmul, mul, reshape } from '../../engine/functions.ts';
import { Trace } from '../../engine/trace.ts';
import { total } from './coder.ts';
import type { Transcoder } from './transcoder.ts';

/**
 * What a unit of each feature of `early` adds to the pre-activation of each feature of `late`, if nothing lies between
 * but the residual stream: a normalization there counts as its scale, which is to be multiplied in.
 *
 * @param z features of `early` at an input, F: then the contributions at that input, z_i·w_ij
 * @returns early features × late features
 * @throws ShapeError where `late` reads another width than `early` writes
 * @see https://arxiv.org/abs/2406.11944 section 4.1, equations 5 and 6
 * @example (await transcoder.connections(coder, coder)).dims // → 16,16
 */
export async function connections(early: Transcoder, late: Transcoder, z?: TensorLike): Promise<Tensor> {
  const [written, read] = [total(early.coder.outputs), total(late.coder.inputs)];
  if (written !== read)
    throw new ShapeError(
      `${early.to.join(', ')} has ${written} channels; expected ${read}, as ${late.from.join(', ')}`,
    );
  const given = z === undefined ? undefined : tensor(z).cast('float32');
  if (given && given.size !== early.features)
    throw new ShapeError(`z has ${given.size} values; expected ${early.features}, the features at one row`);
  const trace = new Trace();
  const [decoder, encoder] = [early.weights.W_dec, late.weights.W_enc].map((weight, i) =>
    trace.input(['decoder', 'encoder'][i], 'float32', weight.dims),
  );
  const direct = matmul(decoder, encoder);
  const made = given
    ? mul(direct, reshape(trace.input('z', 'float32', [early.features]), [early.features, 1]))
    : direct;
  const program = await compile(trace.graph({ made }, 'connections'));
  const feeds = { decoder: early.weights.W_dec, encoder: late.weights.W_enc };
  const results = await program.run(given ? { ...feeds, z: given.reshape([early.features]) } : feeds);
  await program.release();
  return results.made;
}
