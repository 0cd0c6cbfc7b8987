/**
 * Draws `application/vnd.neuronbook.v1+json`: checks the payload, finds the view's module by its name among the
 * files beside this one, and hands it each new payload of the same display. A new view is found, not listed.
 */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { envelopeProblem, NEURONBOOK_MIME } from 'neuronbook/display/payload';
import { fallback } from '../parts/fallback.ts';
import type { AnyPayload, Surroundings, View, ViewContext, ViewModule } from '../view.ts';

const modules = import.meta.webpackContext('.', {
  regExp: /^\.\/(?!neuronbook\.|plotly\.)[a-z-]+\.js$/,
  recursive: false,
  mode: 'lazy',
});

/** The module that draws a view; undefined for a name that no file here has. */
async function load(name: string): Promise<ViewModule | undefined> {
  const file = `./${name}.js`;
  return modules.keys().includes(file) ? ((await modules(file)) as ViewModule) : undefined;
}

export class NeuronbookRenderer extends Widget implements IRenderMime.IRenderer {
  private drawn?: { name: string; view: View<AnyPayload> };
  private latest?: unknown;
  private trusted = false;
  /** Outputs inside the view, by the node that each is drawn in. */
  private readonly nested = new Map<HTMLElement, { mime: string; renderer: IRenderMime.IRenderer }>();

  constructor(
    private readonly surroundings: Surroundings,
    private readonly rendermime: IRenderMimeRegistry,
  ) {
    super();
    this.addClass('nb-Renderer');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const payload: unknown = model.data[NEURONBOOK_MIME];
    this.latest = payload;
    this.trusted = model.trusted;
    const problem = envelopeProblem(payload);
    if (problem) return this.give(model.data, problem);
    try {
      const { view: name, data } = payload as AnyPayload;
      const module = await load(name);
      // while the module loaded a later payload may have come; that call draws it
      if (this.isDisposed || this.latest !== payload) return;
      if (!module) {
        const quoted = JSON.stringify(name);
        const { trans } = this.surroundings;
        return this.give(
          model.data,
          trans.__('the view %1 is unknown; a newer extension may draw it', quoted),
        );
      }
      const wrong = module.problem(data);
      if (wrong) return this.give(model.data, wrong);
      this.draw(module, payload as AnyPayload);
    } catch (error) {
      this.give(model.data, error instanceof Error ? error.message : String(error));
    }
  }

  private draw(module: ViewModule, payload: AnyPayload): void {
    if (this.drawn?.name !== payload.view) {
      this.clear();
      this.drawn = { name: payload.view, view: module.default(this.context()) };
      this.node.append(this.drawn.view.node);
    }
    this.drawn.view.update(payload);
  }

  private context(): ViewContext {
    return {
      ...this.surroundings,
      trusted: () => this.trusted,
      render: (bundle, node) => this.renderInto(bundle, node),
    };
  }

  /** Nested outputs are as trusted as the one around them. What was there stays until the new one is drawn. */
  private async renderInto(bundle: Readonly<Record<string, unknown>>, node: HTMLElement): Promise<void> {
    const { trusted } = this;
    const model = this.rendermime.createModel({ data: bundle as never, trusted });
    const mime = this.rendermime.preferredMimeType(model.data, trusted ? 'any' : 'ensure');
    if (mime === undefined) return node.replaceChildren();
    const before = this.nested.get(node);
    const kept = before?.mime === mime ? before : undefined;
    const drawn = kept ?? { mime, renderer: this.rendermime.createRenderer(mime) };
    await drawn.renderer.renderModel(model);
    if (this.isDisposed || kept) return;
    node.replaceChildren();
    this.nested.set(node, drawn);
    before?.renderer.dispose();
    this.attachNested();
  }

  /** An output may be drawn before the page holds it; what is inside it is then attached with it. */
  protected override onAfterAttach(): void {
    this.attachNested();
  }

  /** What is inside knows of no parent: it would stay attached to a page that has lost it, and refuse to be disposed. */
  protected override onBeforeDetach(): void {
    for (const { renderer } of this.nested.values()) if (renderer.isAttached) Widget.detach(renderer);
  }

  private attachNested(): void {
    for (const [node, { renderer }] of this.nested)
      if (!renderer.isAttached && node.isConnected) Widget.attach(renderer, node);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.clear();
    super.dispose();
  }

  private give(bundle: Readonly<Record<string, unknown>>, problem: string): void {
    this.clear();
    this.node.append(fallback(bundle, problem, this.surroundings.trans));
  }

  private clear(): void {
    this.drawn?.view.dispose();
    this.drawn = undefined;
    for (const { renderer } of this.nested.values()) renderer.dispose();
    this.nested.clear();
    this.node.replaceChildren();
  }
}
