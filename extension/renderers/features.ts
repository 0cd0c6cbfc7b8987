/**
 * A dashboard of features: a list that a search box goes through, and all that is known of the one that is chosen. With
 * the kernel that made it the search goes through all features, and names can be given; without it, what is saved stays.
 */
import {
  featureProblem,
  glanceProblem,
  type Feature,
  type FeatureGlance,
  type FeaturesPayload,
} from 'neuronbook/display/views/features';
import {
  bands,
  orders,
  sifted,
  type FeatureBand,
  type FeatureQuery,
  type FeaturesReply,
  type FeaturesRequest,
} from 'neuronbook/display/views/features-live';
import { Line } from '../live.ts';
import { el, ownKeys, setText } from '../parts/dom.ts';
import { FeatureDetail } from '../parts/feature-detail.ts';
import { FeatureList } from '../parts/feature-list.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { LabelledChoice } from '../parts/labelled.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/features.css';

export { problem } from 'neuronbook/display/views/features';

class Features implements View<FeaturesPayload> {
  private payload!: FeaturesPayload;
  /** Features that are at hand: saved, or told by the kernel. */
  private readonly known = new Map<number, Feature>();
  private current?: number;
  private query: FeatureQuery = { text: '', order: 'largest', band: 'any' };
  private line?: Line<FeaturesRequest, FeaturesReply>;
  private seq = 0;
  private gone = false;
  /** What the kernel has been asked and has not answered. */
  private wanted: { find?: FeatureQuery; feature?: number } = {};
  private readonly unnamed = new Map<number, string>();
  private readonly search: HTMLInputElement;
  private readonly count = el('span', { class: 'nb-Features-count', role: 'status' });
  private readonly words = el('p', { class: 'nb-Interactive-words', role: 'status', hidden: true });
  private readonly list: FeatureList;
  private readonly detail: FeatureDetail;
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    const name = trans.__('find a number, a word or a name');
    this.search = el('input', {
      type: 'search',
      class: 'nb-Features-search',
      placeholder: name,
      'aria-label': name,
      maxlength: 500,
      ...ownKeys,
    });
    this.search.addEventListener('input', () => this.sift({ text: this.search.value }));
    this.search.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter' || event.key === 'ArrowDown') this.list.focus();
    });
    const orderNames = [
      trans.__('strongest first'),
      trans.__('most often active first'),
      trans.__('rarest first'),
      trans.__('by number'),
    ];
    const order = new LabelledChoice(trans.__('order'), orderNames, i => this.sift({ order: orders[i] }));
    const bandNames: Record<FeatureBand, string> = {
      any: trans.__('all'),
      dead: trans.__('never'),
      rare: trans.__('under 0.1 % of rows'),
      usual: trans.__('0.1 % to 10 %'),
      dense: trans.__('over 10 %'),
    };
    const keys = Object.keys(bands) as FeatureBand[];
    const band = new LabelledChoice(
      trans.__('active'),
      keys.map(key => bandNames[key]),
      i => this.sift({ band: keys[i] }),
    );
    this.list = new FeatureList(trans.__('features'), feature => this.choose(feature));
    this.detail = new FeatureDetail(trans, {
      tell: text => this.frame.tell(text),
      go: feature => this.choose(feature),
      name: (feature, label) => this.name(feature, label),
    });
    this.frame = frame(
      context,
      'nb-Features',
      [this.search, order.node, band.node, this.count],
      this.words,
      el('div', { class: 'nb-Features-body' }, this.list.node, this.detail.node),
    );
    this.node = this.frame.node;
  }

  update(payload: FeaturesPayload): void {
    if (this.payload?.data.live !== payload.data.live) {
      this.line?.close();
      this.line = undefined;
      this.gone = false;
      this.wanted = {};
      this.unnamed.clear();
    }
    this.payload = payload;
    const { title, about, features } = payload.data;
    const { trans } = this.context;
    this.frame.update(payload, [title, about].filter(Boolean).join(' · '), trans.__('features'));
    this.known.clear();
    for (const feature of features) this.known.set(feature.feature, feature);
    this.tell('');
    const rows = this.show();
    if (this.current === undefined || !this.known.has(this.current)) this.current = rows[0]?.feature;
    this.list.select(this.current);
    this.showCurrent();
  }

  dispose(): void {
    this.line?.close();
    this.frame.selection.dispose();
  }

  /** Whether a kernel may answer: it is known only when it is asked. */
  private get live(): boolean {
    return Boolean(this.payload.data.live && this.context.trusted() && this.context.tracker && !this.gone);
  }

  private sift(change: Partial<FeatureQuery>): void {
    this.query = { ...this.query, ...change };
    this.show();
    if (this.live) this.ask({ find: this.query });
  }

  /** What is saved, sifted; the kernel's own answer takes its place where there is one. */
  private show(): FeatureGlance[] {
    const { trans } = this.context;
    const { features, count } = this.payload.data;
    const rows = sifted(features, this.query);
    this.list.update(rows, this.current);
    const all = features.length === count;
    setText(
      this.count,
      rows.length < features.length
        ? trans.__('%1 of %2', rows.length, features.length)
        : all
          ? trans.__('%1 features', count)
          : trans.__('%1 of %2 features are saved here', features.length, count),
    );
    return rows;
  }

  private choose(feature: number): void {
    this.current = feature;
    this.list.select(feature);
    this.frame.selection.choose(feature);
    if (this.known.has(feature)) this.showCurrent();
    else if (this.live) this.ask({ feature });
  }

  private showCurrent(): void {
    const feature = this.current === undefined ? undefined : this.known.get(this.current);
    this.detail.update(feature, this.live, other => this.known.has(other) || this.live);
  }

  private name(feature: number, label: string): void {
    this.unnamed.set(feature, label);
    this.ask({});
  }

  /** All that is still wanted goes with what is new: of several questions only the latest waits. */
  private ask(wanted: { find?: FeatureQuery; feature?: number }): void {
    Object.assign(this.wanted, wanted);
    const { tracker } = this.context;
    if (!this.live || !tracker) return;
    this.line ??= Line.open(tracker, this.node, this.payload.data.live, {
      reply: reply => this.hear(reply),
      gone: () => this.lost(),
    });
    if (!this.line) return this.lost();
    this.node.dataset.state = 'waiting';
    const labels = [...this.unnamed];
    this.line.ask({ seq: ++this.seq, ...this.wanted, ...(labels.length && { labels }) });
  }

  /** What comes is checked like what is saved. */
  private hear({ seq, rows, more, feature, named, error }: FeaturesReply): void {
    const { trans } = this.context;
    const latest = seq === this.seq;
    if (latest) this.node.dataset.state = 'current';
    this.tell(error ?? '');
    if (error && latest) {
      this.unnamed.clear();
      this.detail.revert();
    }
    for (const [at, label] of named ?? []) this.renamed(at, label);
    if (feature && featureProblem(feature) === undefined) {
      this.known.set(feature.feature, feature);
      if (feature.feature === this.current) this.showCurrent();
    }
    if (latest) this.wanted = {};
    if (!latest || !Array.isArray(rows) || rows.some(row => glanceProblem(row) !== undefined)) return;
    this.list.update(rows, this.current);
    setText(
      this.count,
      more
        ? trans.__('the first %1 that fit', rows.length)
        : trans._n('%1 that fits', '%1 that fit', rows.length),
    );
  }

  private renamed(feature: number, label: string): void {
    if (this.unnamed.get(feature) === label) this.unnamed.delete(feature);
    const known = this.known.get(feature);
    if (!known) return;
    this.known.set(feature, { ...known, label });
    const { features } = this.payload.data;
    const at = features.findIndex(one => one.feature === feature);
    if (at >= 0) features[at] = { ...features[at], label };
    if (feature === this.current) this.showCurrent();
    this.frame.tell(
      label
        ? this.context.trans.__('#%1 is now called “%2”', feature, label)
        : this.context.trans.__('#%1 has no name any more', feature),
    );
    // the list shows names
    if (this.live) this.ask({ find: this.query });
  }

  /** The kernel that made this has gone, or was restarted: what is saved stays, and is searched. */
  private lost(): void {
    this.line = undefined;
    this.gone = true;
    this.unnamed.clear();
    this.node.dataset.state = 'gone';
    this.tell(this.context.trans.__('Not live: run the cell again.'));
    this.show();
    this.showCurrent();
  }

  private tell(text: string): void {
    setText(this.words, text);
    this.words.hidden = !text;
  }
}

export default (context: ViewContext): View<FeaturesPayload> => new Features(context);
