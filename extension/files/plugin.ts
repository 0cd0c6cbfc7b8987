/** `.onnx` and `.safetensors` in the file browser: icons, and viewers that need no kernel. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  ABCWidgetFactory,
  DocumentModel,
  DocumentWidget,
  type DocumentRegistry,
} from '@jupyterlab/docregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { networkIcon, tensorsIcon } from '../parts/icons.ts';
import { Later } from '../parts/later.ts';
import { ViewSettings } from '../settings.ts';
import type { Surroundings } from '../view.ts';
import type { FileViewer } from './viewer.ts';

const DOMAIN = 'neuronbook-lab';
/** A model of documents whose content JupyterLab does not fetch: the viewer reads the parts that it shows. */
const MODEL = 'neuronbook-unread';

class Unread implements DocumentRegistry.ModelFactory {
  readonly name = MODEL;
  readonly contentType = 'file';
  /** Without a format JupyterLab asks for no content. */
  readonly fileFormat = null;
  isDisposed = false;

  dispose(): void {
    this.isDisposed = true;
  }

  createNew(): DocumentRegistry.IModel {
    const model = new DocumentModel();
    model.readOnly = true;
    return model;
  }

  preferredLanguage(): string {
    return '';
  }
}

class Viewers extends ABCWidgetFactory<DocumentWidget<Later<FileViewer>>> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions,
    private readonly app: JupyterFrontEnd,
    private readonly surroundings: Surroundings,
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DocumentWidget<Later<FileViewer>> {
    const { contents } = this.app.serviceManager;
    const content = new Later(async () => {
      const { FileViewer } = await import('./viewer.ts');
      const viewer = new FileViewer({ contents, path: context.path, surroundings: this.surroundings });
      void context.ready.then(() => viewer.draw());
      context.fileChanged.connect((_, changed) => {
        if (context.isReady && changed) void viewer.draw();
      });
      return viewer;
    });
    const widget = new DocumentWidget({ content, context });
    widget.title.icon = /\.onnx$/i.test(context.path) ? networkIcon : tensorsIcon;
    return widget;
  }
}

export const files: JupyterFrontEndPlugin<void> = {
  id: 'neuronbook-lab:files',
  description: 'Shows networks in ONNX files and tensors in safetensors files.',
  autoStart: true,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    const { docRegistry } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    docRegistry.addModelFactory(new Unread());
    docRegistry.addFileType({
      name: 'onnx',
      displayName: trans.__('ONNX network'),
      extensions: ['.onnx'],
      mimeTypes: ['application/x-onnx'],
      contentType: 'file',
      fileFormat: 'base64',
      icon: networkIcon,
    });
    docRegistry.addFileType({
      name: 'safetensors',
      displayName: trans.__('Tensors'),
      extensions: ['.safetensors'],
      mimeTypes: ['application/x-safetensors'],
      contentType: 'file',
      fileFormat: 'base64',
      icon: tensorsIcon,
    });
    const fileTypes = ['onnx', 'safetensors'];
    docRegistry.addWidgetFactory(
      new Viewers(
        {
          name: 'Network',
          label: trans.__('Network'),
          modelName: MODEL,
          fileTypes,
          defaultFor: fileTypes,
          readOnly: true,
        },
        app,
        { trans, settings: new ViewSettings() },
      ),
    );
  },
};
