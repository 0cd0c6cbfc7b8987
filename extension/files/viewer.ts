/** What a double click on a file shows: its network, its tensors, or why it cannot be read. No kernel runs. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Contents } from '@jupyterlab/services';
import { Widget } from '@lumino/widgets';
import type { Peeked } from 'neuronbook/model/peek';
import { el } from '../parts/dom.ts';
import type { Surroundings, View } from '../view.ts';
import { openSource } from './source.ts';
import { tensorTable } from './tensors.ts';
import '../../style/file.css';

export interface ViewerOptions {
  contents: Contents.IManager;
  path: string;
  surroundings: Surroundings;
  rendermime?: IRenderMimeRegistry;
}

export class FileViewer extends Widget {
  private view?: View<never>;
  private asked = 0;

  constructor(private readonly options: ViewerOptions) {
    super();
    this.addClass('nb-File');
    this.addClass('nb-Renderer');
    this.node.tabIndex = -1;
  }

  /** Reads the file again; what was shown stays until that is done. */
  async draw(): Promise<void> {
    const { surroundings } = this.options;
    const { trans } = surroundings;
    const asked = ++this.asked;
    if (!this.node.hasChildNodes())
      this.node.append(el('p', { class: 'nb-File-words', role: 'status' }, trans.__('reading …')));
    let made: Node[];
    try {
      made = await this.read();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      made = [
        el(
          'p',
          { class: 'nb-File-words nb-Fallback-reason', role: 'alert' },
          trans.__('This file cannot be shown: %1.', why.replace(/\.$/, '')),
        ),
      ];
    }
    if (this.isDisposed || asked !== this.asked) return;
    this.node.replaceChildren(...made);
  }

  override dispose(): void {
    this.view?.dispose();
    super.dispose();
  }

  private async read(): Promise<Node[]> {
    const { contents, path, surroundings } = this.options;
    const { trans } = surroundings;
    const name = path.replace(/^.*[/:]/, '');
    const [peek, source] = await Promise.all([
      import('neuronbook/model/peek'),
      openSource(contents, path, trans),
    ]);
    const isOnnx = /\.onnx$/i.test(name);
    const found = await (isOnnx ? peek.peekOnnx(source, name) : peek.peekSafetensors(source, name));
    const made: Node[] = [];
    if (found.network) made.push(await this.graph(found.network));
    else made.push(el('h2', { class: 'nb-File-title' }, name));
    const facts = Object.entries(found.metadata).filter(([key]) => !key.startsWith('neuronbook.'));
    if (facts.length) made.push(about(facts, trans.__('What the file says of itself')));
    if (found.tensors.length)
      made.push(tensorTable(found.tensors, row => peek.statistics(source, row), trans));
    return made;
  }

  private async graph(data: NonNullable<Peeked['network']>): Promise<Node> {
    const { default: make, problem } = await import('../renderers/model.ts');
    const wrong = problem(data);
    if (wrong) throw new Error(wrong);
    this.view?.dispose();
    const view = make({
      ...this.options.surroundings,
      trusted: () => false,
      render: async () => undefined,
    });
    this.view = view as View<never>;
    view.update({ version: 1, view: 'model', data, options: {} });
    return view.node;
  }
}

const about = (facts: readonly [string, string][], title: string): HTMLElement =>
  el(
    'details',
    { class: 'nb-File-about' },
    el('summary', {}, title),
    el(
      'dl',
      {},
      ...facts.flatMap(([key, value]) => [
        el('dt', {}, key),
        el('dd', {}, value.length > 2000 ? `${value.slice(0, 2000)}…` : value),
      ]),
    ),
  );
