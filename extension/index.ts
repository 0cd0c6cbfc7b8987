/** The JupyterLab plugins: which renderer draws which MIME type. Everything they need from JupyterLab is optional. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IThemeManager, Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { NEURONBOOK_MIME, PLOTLY_MIME } from 'neuronbook/display/payload';
import { outputs } from './commands/plugin.ts';
import { files } from './files/plugin.ts';
import { inspector } from './panels/plugin.ts';
import { NeuronbookRenderer } from './renderers/neuronbook.ts';
import { PlotlyRenderer } from './renderers/plotly.ts';
import { ViewSettings } from './settings.ts';

const DOMAIN = 'neuronbook-lab';

/** Views of networks: `application/vnd.neuronbook.v1+json`. */
const views: JupyterFrontEndPlugin<void> = {
  id: 'neuronbook-lab:plugin',
  description: 'Draws pictures of what a neural network has learned.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ISettingRegistry, ITranslator, INotebookTracker],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    tracker: INotebookTracker | null,
  ) => {
    const settings = new ViewSettings();
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const surroundings = { trans, settings, tracker: tracker ?? undefined };
    // without the registry, or where its file is broken, the defaults stay
    registry?.load(views.id).then(
      loaded => settings.follow(loaded),
      error =>
        Notification.warning(trans.__('The settings of neuronbook could not be read: %1', String(error))),
    );
    rendermime.addFactory(
      {
        // every payload is checked before it is drawn, so saved outputs of untrusted notebooks show too
        safe: true,
        mimeTypes: [NEURONBOOK_MIME],
        createRenderer: () => new NeuronbookRenderer(surroundings, rendermime),
      },
      0,
    );
  },
};

/** Charts: `application/vnd.plotly.v1+json`. */
const charts: JupyterFrontEndPlugin<void> = {
  id: 'neuronbook-lab:charts',
  description: 'Draws Plotly charts in the colours of the theme.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [IThemeManager, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    themes: IThemeManager | null,
    translator: ITranslator | null,
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    rendermime.addFactory(
      { safe: true, mimeTypes: [PLOTLY_MIME], createRenderer: () => new PlotlyRenderer(trans, themes) },
      // a view may carry a chart for those who cannot draw the view
      1,
    );
  },
};

export default [views, charts, files, inspector, outputs];
