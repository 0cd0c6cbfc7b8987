/** Outputs taken out of their notebook: one in a tab of its own, or several side by side. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';
import { button, el, icon, icons } from '../parts/dom.ts';
import type { Output } from './output.ts';
import '../../style/copies.css';

/** An output as it is now: it stays when the notebook goes on. */
export class OutputCopies extends Panel {
  constructor(
    private readonly rendermime: IRenderMimeRegistry,
    private readonly trans: TranslationBundle,
  ) {
    super();
    this.addClass('nb-Copies');
    this.addClass('nb-Renderer');
  }

  async add(output: Output): Promise<void> {
    const { title, data, metadata, trusted } = output;
    const model = this.rendermime.createModel({
      data: data as never,
      metadata: metadata as never,
      trusted,
    });
    const mime = this.rendermime.preferredMimeType(model.data, trusted ? 'any' : 'ensure');
    if (!mime) return;
    const one = new Panel();
    one.addClass('nb-Copies-one');
    const remove = button(
      this.trans.__('Remove %1', title),
      'nb-Button',
      () => one.dispose(),
      icon(icons.close),
    );
    one.addWidget(new Widget({ node: el('div', { class: 'nb-Copies-head' }, el('h2', {}, title), remove) }));
    const drawn = this.rendermime.createRenderer(mime);
    one.addWidget(drawn);
    this.addWidget(one);
    await drawn.renderModel(model);
  }
}
