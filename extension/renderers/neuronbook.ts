/**
 * Draws `application/vnd.neuronbook.v1+json`: checks the payload, finds the view's module by its name among the
 * files beside this one, and hands it each new payload of the same display. A new view is found, not listed.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { NEURONBOOK_MIME, payloadProblem, type AnyPayload, type Views } from 'neuronbook/display/payload';
import { fallback } from '../parts/fallback.ts';
import type { View, ViewContext, ViewFactory } from '../view.ts';

const modules = import.meta.webpackContext('.', {
  regExp: /^\.\/(?!neuronbook\.|plotly\.)[a-z-]+\.js$/,
  recursive: false,
  mode: 'lazy',
});

async function load<Name extends keyof Views>(name: Name): Promise<ViewFactory<Name>> {
  return ((await modules(`./${name}.js`)) as { default: ViewFactory<Name> }).default;
}

export class NeuronbookRenderer extends Widget implements IRenderMime.IRenderer {
  private drawn?: { name: string; view: View<AnyPayload> };
  private latest?: unknown;

  constructor(private readonly context: ViewContext) {
    super();
    this.addClass('nb-Renderer');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const payload: unknown = model.data[NEURONBOOK_MIME];
    this.latest = payload;
    const problem = payloadProblem(payload);
    if (problem) return this.give(model.data, problem);
    const { view: name } = payload as AnyPayload;
    try {
      if (this.drawn?.name !== name) {
        const factory = await load(name);
        // while the module loaded a later payload may have come; that call draws it
        if (this.isDisposed || this.latest !== payload) return;
        this.clear();
        const view = factory(this.context) as View<AnyPayload>;
        this.drawn = { name, view };
        this.node.append(view.node);
      }
      this.drawn.view.update(payload as AnyPayload);
    } catch (error) {
      this.give(model.data, error instanceof Error ? error.message : String(error));
    }
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.clear();
    super.dispose();
  }

  private give(bundle: Readonly<Record<string, unknown>>, problem: string): void {
    this.clear();
    this.node.append(fallback(bundle, problem, this.context.trans));
  }

  private clear(): void {
    this.drawn?.view.dispose();
    this.drawn = undefined;
    this.node.replaceChildren();
  }
}
