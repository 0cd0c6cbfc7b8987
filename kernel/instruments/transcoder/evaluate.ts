/**
 * How good a coder is, by what matters: what the model loses when it has to do with the reconstruction, how much of the
 * variance is explained, and what its features are like. Everything is measured on data that is given, in one pass.
 */
import { NeuronbookError } from '../../base/errors.ts';
import { host, type MimeBundle } from '../../base/host.ts';
import { sizeOf } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { Table } from '../../display/table.ts';
import { compile } from '../../engine/compile.ts';
import { exp, logSoftmax, mul, reduceSum, reshape, sub } from '../../engine/functions.ts';
import { Trace } from '../../engine/trace.ts';
import { ablate, type Edit } from '../../model/edits.ts';
import type { Model } from '../../model/model.ts';
import { crossEntropy } from '../../train/loss.ts';
import type { Batch, Data } from '../../train/data.ts';
import { FeatureStatistics } from './feature-statistics.ts';
import { onePass, passBar, sitesOf, type PassOptions } from './pass.ts';
import type { Transcoder } from './transcoder.ts';

export interface EvaluateOptions extends PassOptions {
  /** The output with the scores, and the entry of the batch with the right answers. */
  logits?: string;
  label?: string;
  /** Rows with this label do not count. */
  ignore?: number;
  /** Show a progress bar. */
  live?: boolean;
}

/** Least rise in loss, in nats, of which a share can be given. */
const LEAST = 0.01;

/** Means over the data, for the model as it is, with the coder spliced in, and with what it writes set to zero. */
export interface Losses {
  readonly clean: number;
  readonly spliced: number;
  readonly ablated: number;
}

export class Evaluation {
  constructor(
    /** Cross-entropy of the right answers, nats. */
    readonly ce: Losses,
    /** KL divergence from the model's own distribution, nats. */
    readonly kl: Losses,
    /** How much ablated − clean of each wavers over batches: a standard error; 0 for a single batch. */
    private readonly wavering: { readonly ce: number; readonly kl: number },
    /** L0, FVU, density and more. */
    readonly features: FeatureStatistics,
  ) {}

  /**
   * (ablated − spliced) / (ablated − clean) of the cross-entropy; undefined where ablation costs so little (below 0.01
   * nats, or within two standard errors) that the ratio would mean nothing.
   */
  get ceRecovered(): number | undefined {
    return recovered(this.ce, this.wavering.ce);
  }

  /** 1 − spliced / ablated of the KL divergence; undefined where ablation changes next to nothing. */
  get klRecovered(): number | undefined {
    return recovered(this.kl, this.wavering.kl);
  }

  /** Features active at a row. */
  get l0(): number {
    return this.features.l0;
  }

  /** Σ(y − ŷ)² / Σ(y − ȳ)² */
  get fvu(): number {
    return this.features.fvu;
  }

  /**
   * Everything that was measured, a row each.
   * @example (await transcoder.evaluate(gpt, coder, { tokens, label: tokens }, { live: false })).table()
   */
  table(): Table {
    const { features, ce, kl } = this;
    const row = (measure: string, value: number | undefined) => ({
      measure,
      value: value === undefined ? 'none: ablation costs next to nothing' : +value.toPrecision(4),
    });
    return new Table(
      [
        row('CE, model', ce.clean),
        row('CE, spliced', ce.spliced),
        row('CE, ablated', ce.ablated),
        row('CE recovered', this.ceRecovered),
        row('KL, spliced', kl.spliced),
        row('KL, ablated', kl.ablated),
        row('KL recovered', this.klRecovered),
        ...features.rows().map(({ measure, value }) => row(measure, value)),
      ],
      `${features.count.toLocaleString('en')} rows`,
    );
  }

  toString(): string {
    return this.table().toString();
  }

  [displaySymbol](): MimeBundle {
    const table = this.table();
    return { 'text/plain': table.toString(), 'text/html': table.toHtml() };
  }
}

function recovered({ clean, spliced, ablated }: Losses, wavering: number): number | undefined {
  const cost = ablated - clean;
  return cost > Math.max(LEAST, 2 * wavering) ? (ablated - spliced) / cost : undefined;
}

/**
 * Splices a coder into the model and measures what that does: cross-entropy and KL divergence, recovered beside setting
 * the site to zero; L0, variance explained, dead and dense features.
 *
 * @param data what the model reads, and `label`, its right answers: int64 of the logits' axes but the last
 * @returns what was measured; after Interrupt, on the data so far
 * @throws NameError where the batch lacks the label; NeuronbookError where there is no batch
 * @see https://transformer-circuits.pub/2024/april-update (loss recovered)
 * @example (await transcoder.evaluate(gpt, coder, { tokens, label: tokens }, { live: false })).fvu
 */
export async function evaluate(
  model: Model,
  t: Transcoder,
  data: Data,
  { logits = 'logits', label = 'label', ignore, live = true, ...pass }: EvaluateOptions = {},
): Promise<Evaluation> {
  const spliced = model.edit(t.splice());
  const ablated = model.edit(t.to.map((site): Edit => ablate(site)));
  const compare = comparing({ logits, label, ignore });
  const statistics = new FeatureStatistics(t);
  const sums: BatchLosses[] = [];
  const bar = live ? passBar(data, pass, `Evaluating ${t.to.join(' + ')}`) : undefined;
  try {
    for await (const batch of onePass(data, pass)) {
      const rows = await sitesOf(model, batch, t, pass.axis);
      await statistics.add(rows);
      const [own, ...others] = await Promise.all(
        [model, spliced, ablated].map(each => scores(each, batch, logits)),
      );
      const [clean, ...edited] = await Promise.all([own, ...others].map(other => compare(own, other, batch)));
      sums.push({ count: clean.count, clean, spliced: edited[0], ablated: edited[1] });
      bar?.step();
      if (host().interrupted) break;
    }
  } finally {
    bar?.end();
    for (const each of [spliced, ablated]) each.dispose();
    await compare.release();
  }
  if (!sums.length) throw new NeuronbookError('the data is empty; expected at least one batch');
  return summarized(sums, statistics);
}

interface Compared {
  ce: number;
  kl: number;
  count: number;
}

interface BatchLosses {
  count: number;
  clean: Compared;
  spliced: Compared;
  ablated: Compared;
}

function summarized(batches: readonly BatchLosses[], statistics: FeatureStatistics): Evaluation {
  const rows = batches.reduce((sum, { count }) => sum + count, 0);
  const mean = (of: (batch: BatchLosses) => number) =>
    batches.reduce((sum, batch) => sum + batch.count * of(batch), 0) / rows;
  const losses = (of: (compared: Compared) => number): Losses => ({
    clean: mean(({ clean }) => of(clean)),
    spliced: mean(({ spliced }) => of(spliced)),
    ablated: mean(({ ablated }) => of(ablated)),
  });
  const wavering = (of: (compared: Compared) => number): number => {
    const cost = ({ ablated, clean }: BatchLosses) => of(ablated) - of(clean);
    const middle = mean(cost);
    const spread = mean(batch => (cost(batch) - middle) ** 2);
    return batches.length > 1 ? Math.sqrt(spread / (batches.length - 1)) : 0;
  };
  const [ce, kl] = [({ ce }: Compared) => ce, ({ kl }: Compared) => kl];
  return new Evaluation(losses(ce), losses(kl), { ce: wavering(ce), kl: wavering(kl) }, statistics);
}

async function scores(model: Model, batch: Batch, logits: string): Promise<Tensor> {
  const inputs = Object.fromEntries(
    model.graph.inputs.flatMap(({ name }) => (batch[name] ? [[name, batch[name]] as const] : [])),
  );
  const { outputs } = await model.run(inputs, { outputs: [logits] });
  const [[, value]] = Object.entries(outputs);
  return value.cast('float32');
}

/** Cross-entropy of `other`, and KL(own ‖ other) = Σ p·(log p − log q), both means over rows. */
function comparing({ logits, label, ignore }: { logits: string; label: string; ignore?: number }) {
  const programs = new Map<string, ReturnType<typeof compile>>();
  const make = (dims: readonly number[], batch: Batch) => {
    const trace = new Trace();
    const [own, other] = ['own', 'other'].map(name => trace.input(name, 'float32', dims));
    const target = batch[label];
    if (!target)
      throw new NeuronbookError(
        `the batch has no ${label}, the right answers; it has ${Object.keys(batch).join(', ')}: name one in \`label\``,
      );
    const answers = trace.input('answers', target.dtype, target.dims);
    const ce = crossEntropy({ logits, label, ignore }).build({ value: () => other, target: () => answers });
    const [p, q] = [logSoftmax(own), logSoftmax(other)];
    const kl = mul(reduceSum(mul(exp(p), sub(p, q))), 1 / sizeOf(dims.slice(0, -1)));
    return compile(
      trace.graph({ ce: reshape(ce, [1]), kl: reshape(kl, [1]) }, 'cross-entropy and divergence'),
    );
  };
  const compare = async (own: Tensor, other: Tensor, batch: Batch): Promise<Compared> => {
    const key = own.dims.join();
    const made = programs.get(key) ?? make(own.dims, batch);
    programs.set(key, made);
    const { ce, kl } = await (await made).run({ own, other, answers: batch[label] });
    return { ce: ce.toNumbers()[0], kl: kl.toNumbers()[0], count: own.dims[0] };
  };
  return Object.assign(compare, {
    release: async () => {
      for (const made of programs.values()) await (await made).release();
    },
  });
}
