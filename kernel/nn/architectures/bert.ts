/**
 * BERT: attention in both directions, layer norms behind each sum. @see https://arxiv.org/abs/1810.04805
 */
import type { Var } from '../../engine/var.ts';
import type { Graph } from '../../onnx/graph.ts';
import { activate, tanh } from '../activations.ts';
import { embedding, learnedPositions } from '../embedding.ts';
import { normal } from '../init.ts';
import { linear } from '../layers.ts';
import { paddingMask } from '../masks.ts';
import { network } from '../network.ts';
import { layerNorm } from '../norms.ts';
import { positionAt } from '../patches.ts';
import type { Scope } from '../scope.ts';
import { whole } from '../sizes.ts';
import { stack } from '../transformer.ts';
import type { Architecture, BuildOptions, Checkpoint, HuggingFaceConfig, Sources } from './architecture.ts';
import { affine, eachLayer, prefixOf, same } from './checkpoint.ts';
import { assertSizes, assertSupported, classesOf, entry, headOf } from './config.ts';
import type { TextConfig } from './transformer-config.ts';

export interface BertConfig extends TextConfig {
  /** Kinds of segments. */
  segments?: number;
  /**
   * What is read off: `words` → output `logits`, batch × position × vocabulary; a number of classes → `logits`,
   * batch × classes; `{ each }` classes of every word → `logits`, batch × position × each; `states` → `hidden`, batch × position × width, and `pooled`, batch × width.
   */
  head?: 'words' | 'states' | number | { readonly each: number };
  /** Whether logits of words are products with the embedding itself; true where left out. */
  tied?: boolean;
}

/**
 * Tokens (int64, batch × position) → what `head` says.
 * Its sites are listed in docs/sites.md.
 * @example
 * const graph = nn.bert({ vocabulary: 128, context: 64, width: 64, layers: 2, heads: 4, head: 'words' });
 */
export function bert(config: BertConfig, options: BuildOptions = {}): Graph {
  const { vocabulary, context, width, layers, heads, hidden = 4 * width, epsilon = 1e-12 } = config;
  const { activation = 'gelu', segments = 2, head = 'words', tied = true } = config;
  const { name = 'bert', seed, weights, result } = options;
  const classes = typeof head === 'object' ? head.each : typeof head === 'number' ? head : undefined;
  assertSizes(name, { vocabulary, context, width, layers, heads, hidden, segments, classes });
  const init = normal(0.02);
  const norm = (site: string) => layerNorm(site, { epsilon });

  const embedded = (tokens: Var, scope: Scope, kinds: Var | undefined): Var => {
    const words = embedding('embed', { count: vocabulary, features: width })(tokens, scope);
    const positions = learnedPositions('embed.position', { count: context })(words, scope);
    const kind = embedding('embed.segment', { count: segments, features: width })(
      kinds ?? whole(scope, 0),
      scope,
    );
    const sum = scope.inner('embed', 'Add', [scope.inner('embed', 'Add', [words, kind]), positions]);
    return norm('embed.ln')(sum, scope);
  };

  return network(
    {
      build({ tokens, segments: kinds, mask }, scope): Record<string, Var> {
        const hides = mask && paddingMask(scope, mask);
        const { out } = stack(embedded(tokens, scope, kinds), scope, {
          layers,
          attention: { heads, mask: hides, result, init },
          mlp: { hidden, activation, init },
          wiring: 'post',
          epsilon,
        });
        if (head === 'words') {
          const pre = linear('head.pre', { features: width, init })(out, scope);
          const post = norm('head.ln')(activate(scope, activation, 'head.post', pre), scope);
          const unembed = tied ? { tied: 'embed.weight' } : { init };
          return { logits: linear('logits', { features: vocabulary, ...unembed })(post, scope) };
        }
        if (typeof head === 'object')
          return { logits: linear('logits', { features: head.each, init })(out, scope) };
        const first = positionAt('pooled.in', 0)(out, scope);
        const pooled = tanh('pooled')(linear('pooled.pre', { features: width, init })(first, scope), scope);
        if (head === 'states') return { hidden: scope.alias('hidden', out), pooled };
        return { logits: linear('logits', { features: head, init })(pooled, scope) };
      },
    },
    {
      name,
      seed,
      weights,
      inputs: Object.fromEntries(
        ['tokens', ...(options.segments ? ['segments'] : []), ...(options.mask ? ['mask'] : [])].map(
          input => [input, ['batch', 'position']],
        ),
      ),
      dtypes: { tokens: 'int64', segments: 'int64', mask: 'int64' },
    },
  );
}

/** BERT as a config.json describes it; its head follows `architectures`. */
export function bertFrom(json: HuggingFaceConfig): Architecture {
  assertSupported(json, { position_embedding_type: 'absolute', is_decoder: false });
  const config: BertConfig = {
    vocabulary: entry(json, 'vocab_size', 30522),
    context: entry(json, 'max_position_embeddings', 512),
    width: entry(json, 'hidden_size', 768),
    layers: entry(json, 'num_hidden_layers', 12),
    heads: entry(json, 'num_attention_heads', 12),
    hidden: entry(json, 'intermediate_size', 3072),
    activation: entry(json, 'hidden_act', 'gelu'),
    epsilon: entry(json, 'layer_norm_eps', 1e-12),
    segments: entry(json, 'type_vocab_size', 2),
    head: headFrom(json),
    tied: entry(json, 'tie_word_embeddings', true),
  };
  return {
    name: 'bert',
    generates: false,
    context: config.context,
    network: options => bert(config, options),
    sources: checkpoint => sources(config, checkpoint),
  };
}

/** Answers to questions are marked by two scores of every word: that they begin there, or end. */
function headFrom(json: HuggingFaceConfig): BertConfig['head'] {
  const each = classesOf(json, 'TokenClassification') || (/QuestionAnswering$/.test(headOf(json)) ? 2 : 0);
  if (each) return { each };
  return /MaskedLM|PreTraining/.test(headOf(json))
    ? 'words'
    : classesOf(json, 'SequenceClassification') || 'states';
}

function sources({ layers, head, tied }: BertConfig, checkpoint: Pick<Checkpoint, 'has'>): Sources {
  const prefix = prefixOf(checkpoint, 'bert.', 'embeddings.word_embeddings.weight');
  // the first checkpoints call gain and offset gamma and beta
  const norm = (ours: string, theirs: string): Sources =>
    checkpoint.has(`${theirs}.gamma`)
      ? { ...same(`${ours}.weight`, `${theirs}.gamma`), ...same(`${ours}.bias`, `${theirs}.beta`) }
      : affine(ours, theirs);
  const pooled = affine('pooled.pre', `${prefix}pooler.dense`);
  return {
    ...same('embed.weight', `${prefix}embeddings.word_embeddings.weight`),
    ...same('embed.position.weight', `${prefix}embeddings.position_embeddings.weight`),
    ...same('embed.segment.weight', `${prefix}embeddings.token_type_embeddings.weight`),
    ...norm('embed.ln', `${prefix}embeddings.LayerNorm`),
    ...eachLayer(layers, layer => {
      const [ours, theirs] = [`blocks.${layer}`, `${prefix}encoder.layer.${layer}`];
      return {
        ...affine(`${ours}.attn.q`, `${theirs}.attention.self.query`),
        ...affine(`${ours}.attn.k`, `${theirs}.attention.self.key`),
        ...affine(`${ours}.attn.v`, `${theirs}.attention.self.value`),
        ...affine(`${ours}.attn.out`, `${theirs}.attention.output.dense`),
        ...norm(`${ours}.ln1`, `${theirs}.attention.output.LayerNorm`),
        ...affine(`${ours}.mlp.pre`, `${theirs}.intermediate.dense`),
        ...affine(`${ours}.mlp.out`, `${theirs}.output.dense`),
        ...norm(`${ours}.ln2`, `${theirs}.output.LayerNorm`),
      };
    }),
    ...(head === 'words' && {
      ...affine('head.pre', 'cls.predictions.transform.dense'),
      ...norm('head.ln', 'cls.predictions.transform.LayerNorm'),
      ...(tied ? same('logits.bias', 'cls.predictions.bias') : affine('logits', 'cls.predictions.decoder')),
    }),
    ...(head === 'states' && pooled),
    ...(typeof head === 'object' &&
      affine('logits', checkpoint.has('qa_outputs.weight') ? 'qa_outputs' : 'classifier')),
    ...(typeof head === 'number' && { ...pooled, ...affine('logits', 'classifier') }),
  };
}
