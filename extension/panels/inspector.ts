/**
 * The inspector: the models in the kernel of the notebook in front, what their sites do, the cells that run, and what
 * the kernel costs. It asks a kernel only where every output of the notebook is trusted, and runs no code of its own.
 */
import { NotebookActions, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { areModels, type Recipe } from 'neuronbook/display/inspection';
import { button, el, ownKeys, setText } from '../parts/dom.ts';
import { cellOf } from './cells.ts';
import { InspectorLine } from './line.ts';
import { usageOf } from './memory.ts';
import { RunList } from './runs.ts';
import { SiteTree, type Chosen } from './site-tree.ts';
import '../../style/inspector.css';

export interface InspectorOptions {
  tracker: INotebookTracker;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
  /** Puts a cell below the one in front, without running it. */
  insert(panel: NotebookPanel, source: string): void;
}

/** Between two looks at the kernel's memory, in ms. */
const pause = 5000;

export class Inspector extends Widget {
  private line?: { kernel: Kernel.IKernelConnection; line: InspectorLine };
  private chosen?: Chosen;
  private shown?: IRenderMime.IRenderer;
  private asked = 0;
  private timer?: ReturnType<typeof setInterval>;
  private readonly words = el('p', { class: 'nb-Inspector-words', role: 'status' });
  private readonly tree: SiteTree;
  private readonly runs: RunList;
  private readonly memory = el('p', { class: 'nb-Inspector-memory' });
  private readonly site = el('div', { class: 'nb-Inspector-site', hidden: true });
  private readonly result = el('div', { class: 'nb-Inspector-result' });

  constructor(private readonly options: InspectorOptions) {
    super();
    const { trans, tracker } = options;
    this.addClass('nb-Inspector');
    this.addClass('nb-Renderer');
    this.tree = new SiteTree(trans, chosen => this.choose(chosen));
    this.runs = new RunList(trans, notebook => tracker.find(panel => panel.content === notebook));
    const part = (name: string, ...inner: Node[]) =>
      el('section', { 'aria-label': name }, el('h2', {}, name), ...inner);
    const again = button(trans.__('Look again'), 'nb-Button', () => void this.refresh(), '↻');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Models in the kernel'));
    this.node.append(
      el(
        'section',
        {},
        el('div', { class: 'nb-Inspector-head' }, el('h2', {}, trans.__('Models')), again),
        this.words,
        this.tree.node,
      ),
      this.site,
      this.result,
    );
    const body = el('div', { class: 'nb-Inspector-body' }, ...this.node.childNodes);
    const foot = el(
      'div',
      { class: 'nb-Inspector-foot' },
      part(trans.__('Running'), this.runs.node),
      part(trans.__('Kernel'), this.memory),
    );
    this.node.append(body, foot);
    tracker.currentChanged.connect(this.onChange, this);
    NotebookActions.executed.connect(this.onExecuted);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    NotebookActions.executed.disconnect(this.onExecuted);
    clearInterval(this.timer);
    this.runs.dispose();
    this.drop();
    super.dispose();
  }

  /** Asks the kernel of the notebook in front which models it has. */
  async refresh(): Promise<void> {
    const { trans } = this.options;
    const asked = ++this.asked;
    const line = this.connect();
    this.runs.show(this.panel);
    if (typeof line === 'string') {
      this.tell(line);
      this.tree.update([]);
      return;
    }
    const reply = await line.ask({ ask: 'models' });
    if (asked !== this.asked || this.isDisposed) return;
    const models = reply && 'models' in reply && areModels(reply.models) ? reply.models : [];
    this.tree.update(models);
    if (models.length) return this.tell('');
    this.tell(
      reply === undefined
        ? trans.__('No models yet. Run a cell that loads one: const model = await load("zoo:textures")')
        : trans.__('No variable of this notebook holds a model.'),
    );
  }

  /** It comes into a panel that is already shown. */
  protected override onAfterAttach(): void {
    if (this.isVisible) this.onAfterShow();
  }

  protected override onAfterShow(): void {
    clearInterval(this.timer);
    void this.refresh();
    void this.look();
    this.timer = setInterval(() => void this.look(), pause);
  }

  protected override onAfterHide(): void {
    clearInterval(this.timer);
  }

  protected override onActivateRequest(): void {
    const focusable = this.node.querySelector<HTMLElement>('[role=tree] [tabindex="0"], button');
    focusable?.focus();
  }

  private get panel(): NotebookPanel | undefined {
    return this.options.tracker.currentWidget ?? undefined;
  }

  private readonly onExecuted = (): void => {
    if (this.isVisible) void this.refresh();
  };

  private onChange(): void {
    this.drop();
    this.site.hidden = true;
    this.chosen = undefined;
    this.clear();
    const { panel } = this;
    // kernels come and go below a notebook that stays
    panel?.sessionContext.kernelChanged.connect(this.onKernel, this);
    if (this.isVisible) void this.refresh();
  }

  private onKernel(): void {
    this.drop();
    if (this.isVisible) void this.refresh();
  }

  /** The line to the kernel in front, or why there is none. */
  private connect(): InspectorLine | string {
    const { trans } = this.options;
    const { panel } = this;
    if (!panel) return trans.__('No notebook is open.');
    const trusted = panel.content.widgets.every(({ model }) => model.type !== 'code' || model.trusted);
    if (!trusted)
      return trans.__(
        'This notebook is not trusted, so its kernel is not asked. Run its cells, or trust it.',
      );
    const kernel = panel.sessionContext.session?.kernel;
    if (!kernel || kernel.status === 'dead') return trans.__('No kernel is running.');
    if (this.line?.kernel !== kernel) {
      this.drop();
      this.line = { kernel, line: new InspectorLine(kernel) };
    }
    return this.line.line;
  }

  private drop(): void {
    this.line?.line.dispose();
    this.line = undefined;
  }

  private async look(): Promise<void> {
    const { trans } = this.options;
    const kernel = this.panel?.sessionContext.session?.kernel;
    const usage = kernel && typeof this.connect() !== 'string' ? await usageOf(kernel) : undefined;
    if (this.isDisposed) return;
    const mega = (bytes: number) => Math.round(bytes / 1e6).toLocaleString();
    setText(
      this.memory,
      usage
        ? trans.__(
            '%1 MB of %2 MB memory, %3 % of a processor',
            mega(usage.kernel),
            mega(usage.machine),
            Math.round(usage.processor),
          )
        : trans.__('Nothing is known of its memory.'),
    );
  }

  private tell(text: string): void {
    setText(this.words, text);
    this.words.hidden = !text;
  }

  /** What can be done with a site: look at it here, or write the cell that does. */
  private choose(chosen: Chosen): void {
    const { trans } = this.options;
    const { model, site } = chosen;
    this.chosen = chosen;
    this.clear();
    const inputs: Record<string, string> = {};
    const feeds = model.inputs.map(input => {
      const label = `${input.name} (${input.shape})`;
      if (!input.fits.length)
        return el(
          'p',
          {},
          trans.__('No variable holds a tensor for %1; make one to see activations.', label),
        );
      const select = el('select', { 'aria-label': trans.__('What is fed to %1', input.name), ...ownKeys });
      for (const name of input.fits) select.append(el('option', { value: name }, name));
      select.value = inputs[input.name] = input.fits.at(-1)!;
      select.addEventListener('change', () => (inputs[input.name] = select.value));
      return el('label', { class: 'nb-Inspector-feed' }, label, select);
    });
    const channel = el('input', {
      type: 'number',
      min: 0,
      value: 0,
      'aria-label': trans.__('channel'),
      ...ownKeys,
    });
    const ready = model.inputs.every(({ fits }) => fits.length > 0);
    const row = (what: Recipe, name: string, enabled: boolean, ...more: Node[]) => {
      const show = el(
        'button',
        { type: 'button', class: 'nb-Button nb-mod-strong', disabled: !enabled, ...ownKeys },
        name,
      );
      show.addEventListener('click', () => void this.make(what, { ...inputs }, channel.valueAsNumber || 0));
      const insert = button(
        trans.__('Insert the cell for %1', name),
        'nb-Button nb-mod-outlined',
        () => this.write(what, { ...inputs }, channel.valueAsNumber || 0),
        trans.__('Insert cell'),
      );
      return el('div', { class: 'nb-Inspector-recipe' }, show, ...more, insert);
    };
    this.site.replaceChildren(
      el('h2', {}, site.name),
      el(
        'p',
        { class: 'nb-Inspector-facts' },
        [site.op, site.shape, site.parameters && trans.__('%1 parameters', site.parameters.toLocaleString())]
          .filter(Boolean)
          .join(' · '),
      ),
      ...feeds,
      row('activations', trans.__('Activations'), ready),
      row('statistics', trans.__('Statistics'), ready),
      ...(model.pictures
        ? [row('feature', trans.__('Feature'), true, el('label', {}, trans.__('channel'), channel))]
        : []),
    );
    this.site.hidden = false;
  }

  private write(what: Recipe, inputs: Record<string, string>, channel: number): void {
    if (!this.chosen || !this.panel) return;
    const { model, site } = this.chosen;
    this.options.insert(this.panel, cellOf(what, model, site.name, inputs, channel));
  }

  private async make(what: Recipe, inputs: Record<string, string>, channel: number): Promise<void> {
    const { trans, rendermime } = this.options;
    const { chosen } = this;
    const line = this.connect();
    if (!chosen) return;
    const say = (text: string) => {
      this.clear();
      this.result.append(el('p', { role: 'status' }, text));
    };
    if (typeof line === 'string') return say(line);
    say(trans.__('computing …'));
    const { name: model } = chosen.model;
    const reply = await line.ask({ ask: 'show', what, model, site: chosen.site.name, inputs, channel });
    if (this.isDisposed || this.chosen !== chosen) return;
    if (!reply) return say(trans.__('The kernel is gone: run the cells again.'));
    if ('error' in reply) return say(reply.error);
    if (!('bundle' in reply)) return;
    this.clear();
    if (reply.words) this.result.append(el('p', { role: 'status' }, reply.words));
    // what the kernel made is drawn like an output that nobody trusts: checked, and without scripts
    const shown = rendermime.createModel({ data: reply.bundle as never, trusted: false });
    const mime = rendermime.preferredMimeType(shown.data, 'ensure');
    if (!mime) return;
    this.shown = rendermime.createRenderer(mime);
    Widget.attach(this.shown, this.result);
    await this.shown.renderModel(shown);
    // a view takes its place once the page has measured it
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    this.result.scrollIntoView({ block: 'nearest' });
  }

  private clear(): void {
    this.shown?.dispose();
    this.shown = undefined;
    this.result.replaceChildren();
  }
}
