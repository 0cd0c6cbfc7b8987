/** The inspector beside notebooks; where there are none, there is nothing to inspect. */
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/ids.ts';
import { networkIcon } from '../parts/icons.ts';
import { Later } from '../parts/later.ts';

export const inspector: JupyterFrontEndPlugin<void> = {
  id: 'neuronbook-lab:inspector',
  description: 'A panel of the models in the kernel of the notebook in front.',
  autoStart: true,
  requires: [INotebookTracker, IRenderMimeRegistry],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
  ) => {
    const trans = (translator ?? nullTranslator).load('neuronbook-lab');
    const insert = (panel: NotebookPanel, source: string): void => {
      app.shell.activateById(panel.id);
      NotebookActions.insertBelow(panel.content);
      panel.content.activeCell?.model.sharedModel.setSource(source);
    };
    const panel = new Later(async () => {
      const { Inspector } = await import('./inspector.ts');
      return new Inspector({ tracker, rendermime, trans, insert });
    });
    panel.id = 'neuronbook-inspector';
    // JupyterLab measures it before any style sheet is there
    panel.node.style.minWidth = '280px';
    panel.title.icon = networkIcon;
    panel.title.caption = trans.__('Models');
    app.shell.add(panel, 'right', { rank: 900, type: 'Models' });
    restorer?.add(panel, 'neuronbook-inspector');
    app.commands.addCommand(CommandIDs.showInspector, {
      label: trans.__('Show Models in the Kernel'),
      caption: trans.__('Models, their sites, running cells and memory'),
      icon: networkIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(panel.id),
    });
    palette?.addItem({ command: CommandIDs.showInspector, category: 'Neuronbook' });
  },
};
