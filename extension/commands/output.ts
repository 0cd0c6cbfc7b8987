/** The output that a command is about: the one under the context menu, else the first of the active cell. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';

export interface Output {
  /** MIME type → content, as the notebook keeps it. */
  data: Readonly<Record<string, unknown>>;
  metadata: Readonly<Record<string, unknown>>;
  trusted: boolean;
  /** What it is called: its view's title, else where it stands. */
  title: string;
}

/** Of a code cell, what is read here. */
interface CodeCell {
  node: HTMLElement;
  model: { trusted: boolean; executionCount?: number | null };
  outputArea?: {
    widgets: readonly { node: HTMLElement }[];
    model: { length: number; get(index: number): { toJSON(): Record<string, unknown> } };
  };
}

const CHILD = 'jp-OutputArea-child';

export function outputOf(app: JupyterFrontEnd, tracker: INotebookTracker): Output | undefined {
  const child = app.contextMenuHitTest(node => node.classList.contains(CHILD));
  const panel = child ? tracker.find(panel => panel.node.contains(child)) : tracker.currentWidget;
  const cells = (panel?.content.widgets ?? []) as unknown as CodeCell[];
  const cell = child
    ? cells.find(({ node }) => node.contains(child))
    : (panel?.content.activeCell as unknown as CodeCell | undefined);
  const area = cell?.outputArea;
  if (!cell || !area) return undefined;
  const at = child ? area.widgets.findIndex(({ node }) => node === child || child.contains(node)) : -1;
  const first = Array.from({ length: area.model.length }, (_, i) => i).find(
    i => area.model.get(i).toJSON().data,
  );
  const index = at >= 0 && at < area.model.length ? at : first;
  if (index === undefined) return undefined;
  const { data, metadata = {} } = area.model.get(index).toJSON();
  if (typeof data !== 'object' || data === null) return undefined;
  const bundle = data as Record<string, unknown>;
  return {
    data: bundle,
    metadata: metadata as Record<string, unknown>,
    trusted: cell.model.trusted,
    title: titleOf(bundle) || `[${cell.model.executionCount ?? ' '}]`,
  };
}

function titleOf(data: Readonly<Record<string, unknown>>): string {
  const ours = data['application/vnd.neuronbook.v1+json'] as { data?: { title?: unknown } } | undefined;
  const chart = data['application/vnd.plotly.v1+json'] as
    { layout?: { title?: { text?: unknown } } } | undefined;
  const title = ours?.data?.title ?? chart?.layout?.title?.text;
  return typeof title === 'string' ? title : '';
}
