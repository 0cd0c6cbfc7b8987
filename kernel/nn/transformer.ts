/**
 * The blocks that transformers are stacked from. Three wirings, with the residual stream's sites in each:
 *
 *   pre       resid.pre ─ ln1 ─ attn ─(+)─ resid.mid ─ ln2 ─ mlp ─(+)─ resid.post          GPT-2, Llama, ViT, CLIP
 *   parallel  resid.pre ─┬ ln1 ─ attn ─(+)─ resid.post                                     GPT-NeoX
 *                        └ ln2 ─ mlp ──┘
 *   post      resid.pre ─ attn ─(+)─ resid.mid ─ ln1 ─ mlp ─(+)─ resid.post ─ ln2          BERT
 */
import type { Var } from '../engine/var.ts';
import { attend, type AttentionOptions } from './attention.ts';
import { gatedMlp, mlp, type MlpOptions } from './mlp.ts';
import { layerNorm, rmsNorm } from './norms.ts';
import type { Layer, Scope } from './scope.ts';

export interface BlockOptions {
  attention: Omit<AttentionOptions, 'past' | 'to'>;
  /** The MLP, gated or not; false for attention alone. */
  mlp: (MlpOptions & { gated?: boolean }) | false;
  /** In place of the MLP, such as `moe`: a layer from its name. */
  expert?: (name: string) => Layer;
  norm?: 'layer' | 'rms';
  epsilon?: number;
  wiring?: 'pre' | 'parallel' | 'post';
}

/** Keys and values of one layer: batch × heads × positions × width. */
export interface KeyValue {
  key: Var;
  value: Var;
}

export interface StackOptions extends BlockOptions {
  layers: number;
  /** Before the names of all sites and weights, such as `text.`. */
  prefix?: string;
  /** For each layer, the `scale` of its attention. */
  scales?: readonly number[];
  /** The layers whose attention has its `window`; every layer where left out. */
  windowed?: readonly number[];
  /** For each layer, what came before. */
  past?: readonly KeyValue[];
}

/**
 * `layers` blocks on x, N×T×F, with the keys and values that each has made.
 * @example const { out } = nn.stack(x, scope, { layers: 2, attention: { heads: 4, causal: true }, mlp: { hidden: 256 } });
 */
export function stack(x: Var, scope: Scope, options: StackOptions): { out: Var; present: KeyValue[] } {
  const { layers, prefix = '', past, scales, windowed } = options;
  const present: KeyValue[] = [];
  let out = x;
  for (let i = 0; i < layers; i++) {
    const attention = {
      ...options.attention,
      ...(scales && { scale: scales[i] }),
      ...(windowed && !windowed.includes(i) && { window: undefined }),
    };
    const own = { ...options, attention };
    const made = block(`${prefix}blocks.${i}`, out, scope, own, past?.[i]);
    present.push({ key: made.key, value: made.value });
    out = made.out;
  }
  return { out, present };
}

/**
 * One block as a layer: N×T×F → N×T×F.
 * @example nn.transformerBlock('blocks.0', { attention: { heads: 4, causal: true }, mlp: { hidden: 256 } })
 */
export const transformerBlock =
  (name: string, options: BlockOptions): Layer =>
  (x, scope) =>
    block(name, x, scope, options).out;

/** @param given the residual stream; a block's own name for it is `<name>.resid.pre` */
function block(name: string, given: Var, scope: Scope, options: BlockOptions, past?: KeyValue) {
  const { norm = 'layer', epsilon, wiring = 'pre', attention } = options;
  const normalize = norm === 'rms' ? rmsNorm : layerNorm;
  const ln = (site: string, x: Var) => normalize(`${name}.${site}`, { epsilon })(x, scope);
  const sum = (site: string, a: Var, b: Var) => scope.site(`${name}.resid.${site}`, 'Add', [a, b]);
  const attended = (x: Var) => attend(scope, `${name}.attn`, x, { ...attention, past });
  const rest = restOf(options)?.(`${name}.mlp`);

  const pre = scope.alias(`${name}.resid.pre`, given);
  if (wiring === 'post') {
    const { out, ...made } = attended(pre);
    const middle = ln('ln1', sum('mid', pre, out));
    return { ...made, out: rest ? ln('ln2', sum('post', middle, rest(middle, scope))) : middle };
  }
  const { out, ...made } = attended(ln('ln1', pre));
  if (!rest) return { ...made, out: sum('post', pre, out) };
  if (wiring === 'parallel') {
    const both = scope.inner(`${name}.resid.post`, 'Add', [out, rest(ln('ln2', pre), scope)]);
    return { ...made, out: sum('post', pre, both) };
  }
  const middle = sum('mid', pre, out);
  return { ...made, out: sum('post', middle, rest(ln('ln2', middle), scope)) };
}

function restOf({ mlp: options, expert }: BlockOptions): ((name: string) => Layer) | undefined {
  if (expert) return expert;
  if (!options) return undefined;
  const { gated = false, ...rest } = options;
  return name => (gated ? gatedMlp : mlp)(name, rest);
}
