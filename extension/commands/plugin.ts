/** What can be done with an output, from its context menu and from the palette, and a first notebook from the launcher. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { networkIcon } from '../parts/icons.ts';
import type * as Actions from './actions.ts';
import type { OutputCopies } from './compare.ts';
import { hasPicture, hasTable, svgOf, textOf, valueOf } from './forms.ts';
import { CommandIDs } from './ids.ts';
import { outputOf, type Output } from './output.ts';

const firstCell = `import { load, view } from 'neuronbook';

const model = await load('zoo:textures');
view.model(model);`;

export const outputs: JupyterFrontEndPlugin<void> = {
  id: 'neuronbook-lab:outputs',
  description: 'Saves, copies and compares what cells show.',
  autoStart: true,
  requires: [INotebookTracker, IRenderMimeRegistry],
  optional: [ITranslator, ICommandPalette, ILauncher, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    registry: ISettingRegistry | null,
  ) => {
    const trans = (translator ?? nullTranslator).load('neuronbook-lab');
    const category = 'Neuronbook';
    let settings: ISettingRegistry.ISettings | undefined;
    registry?.load(outputs.id).then(
      loaded => (settings = loaded),
      () => undefined,
    );
    const scale = (): number => Number(settings?.get('pictureScale').composite ?? 2);

    /** A command about an output; it can be chosen where the output has what it needs. */
    const add = (
      id: string,
      label: string,
      caption: string,
      fits: (data: Output['data']) => boolean,
      execute: (actions: typeof Actions, output: Output) => unknown,
    ): void => {
      app.commands.addCommand(id, {
        label,
        caption,
        describedBy: { args: { type: 'object', properties: {} } },
        isEnabled: () => {
          const output = outputOf(app, tracker);
          return output !== undefined && fits(output.data);
        },
        execute: async () => {
          const output = outputOf(app, tracker);
          if (!output) return;
          try {
            await execute(await import('./actions.ts'), output);
          } catch (error) {
            Notification.error(error instanceof Error ? error.message : String(error));
          }
        },
      });
      palette?.addItem({ command: id, category });
    };
    add(
      CommandIDs.savePng,
      trans.__('Save Output as PNG'),
      trans.__('Its picture, as a file'),
      hasPicture,
      (actions, output) => actions.savePng(output, scale(), trans),
    );
    add(
      CommandIDs.saveSvg,
      trans.__('Save Output as SVG'),
      trans.__('Its drawing, sharp at every size'),
      data => svgOf(data) !== undefined,
      (actions, output) => actions.saveSvg(output),
    );
    add(
      CommandIDs.saveCsv,
      trans.__('Save Output as CSV'),
      trans.__('Its numbers, as rows'),
      hasTable,
      (actions, output) => actions.saveCsv(output, trans),
    );
    add(
      CommandIDs.saveJson,
      trans.__('Save Output as JSON'),
      trans.__('All that the notebook keeps of it'),
      data => valueOf(data) !== undefined,
      (actions, output) => actions.saveJson(output),
    );
    add(
      CommandIDs.copyOutput,
      trans.__('Copy Output'),
      trans.__('Its picture, else its text, to the clipboard'),
      data => hasPicture(data) || textOf(data) !== undefined,
      (actions, output) => actions.copy(output, scale(), trans),
    );

    const tab = (content: OutputCopies, title: string): void => {
      const widget = new MainAreaWidget({ content });
      widget.title.label = title;
      widget.title.icon = networkIcon;
      widget.title.closable = true;
      app.shell.add(widget, 'main', { mode: 'split-right' });
    };
    add(
      CommandIDs.openOutput,
      trans.__('Open Output in a Tab'),
      trans.__('A copy that stays when the cell runs again'),
      () => true,
      ({ OutputCopies }, output) => {
        const copy = new OutputCopies(rendermime, trans);
        tab(copy, output.title);
        return copy.add(output);
      },
    );
    let comparison: OutputCopies | undefined;
    add(
      CommandIDs.compareOutput,
      trans.__('Compare Output Side by Side'),
      trans.__('Puts a copy beside those that were put there before'),
      () => true,
      ({ OutputCopies }, output) => {
        if (!comparison || comparison.isDisposed) {
          comparison = new OutputCopies(rendermime, trans);
          tab(comparison, trans.__('Comparison'));
        }
        return comparison.add(output);
      },
    );

    app.commands.addCommand(CommandIDs.newNotebook, {
      label: args => (args.isPalette ? trans.__('New Notebook on a Network') : trans.__('A Network')),
      caption: trans.__('A notebook that begins with a network to look through'),
      icon: networkIcon,
      describedBy: {
        args: { type: 'object', properties: { cwd: { type: 'string' }, isPalette: { type: 'boolean' } } },
      },
      execute: async args => {
        const panel = (await app.commands.execute('notebook:create-new', {
          cwd: args.cwd,
          kernelName: 'neuronbook',
        })) as NotebookPanel | undefined;
        await panel?.context.ready;
        panel?.content.activeCell?.model.sharedModel.setSource(firstCell);
      },
    });
    palette?.addItem({ command: CommandIDs.newNotebook, category, args: { isPalette: true } });
    launcher?.add({ command: CommandIDs.newNotebook, category, rank: 1 });
  },
};
