/** JupyterLab as the specs use it: a page that waits for a busy machine, opening a notebook, screenshots. */
import { test as galataTest, type IJupyterLabPageFixture } from '@jupyterlab/galata';

/** What the tests touch of JupyterLab's application object, which the test server leaves on `window.jupyterapp`. */
export interface Lab {
  commands: { execute(id: string, args: object): Promise<unknown> };
  shell: {
    currentWidget: {
      sessionContext: { session: { kernel: object | null } | null };
      content: {
        widgets: {
          model: { trusted: boolean; toJSON(): { outputs?: { output_type: string; evalue?: string }[] } };
          outputArea: {
            model: { set(index: number, output: unknown): void; add(output: unknown): void; clear(): void };
          };
        }[];
      };
    };
  };
}

/** Galata's own waits give up after seconds, which a busy machine takes to open the launcher. */
export const test = galataTest.extend({
  waitForApplication: async ({ baseURL: _ }, use) => {
    await use(async page => {
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 90_000 });
      await page.locator('.jp-Launcher').waitFor({ timeout: 90_000 });
    });
  },
});

/** Uploads a notebook into the test's folder and opens it. Nothing uploaded is trusted. */
export async function open(page: IJupyterLabPageFixture, folder: string, name: string, content: unknown) {
  const path = `${folder}/${name}`;
  await page.contents.uploadContent(JSON.stringify(content), 'text', path);
  await page.evaluate(async path => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    await jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' });
  }, path);
  const panel = page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)').first();
  await panel.locator('.jp-Notebook-cell').first().waitFor({ timeout: 60_000 });
  return panel;
}

/** Begins to run all cells of the notebook in front, once it has its kernel: JupyterLab loses what is asked for before. */
export const runAll = (page: IJupyterLabPageFixture): Promise<void> =>
  page.evaluate(async () => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    const { sessionContext } = jupyterapp.shell.currentWidget;
    while (!sessionContext.session?.kernel) await new Promise(resolve => setTimeout(resolve, 50));
    void jupyterapp.commands.execute('notebook:run-all-cells', {});
  });

/** Whether each cell of the notebook in front is trusted. */
export const trusted = (page: IJupyterLabPageFixture): Promise<boolean[]> =>
  page.evaluate(() => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    return jupyterapp.shell.currentWidget.content.widgets.map(widget => widget.model.trusted);
  });

/** What the errors among the outputs say. */
export const errors = (page: IJupyterLabPageFixture): Promise<(string | undefined)[]> =>
  page.evaluate(() => {
    const { jupyterapp } = window as unknown as { jupyterapp: Lab };
    return jupyterapp.shell.currentWidget.content.widgets
      .flatMap(widget => widget.model.toJSON().outputs ?? [])
      .filter(output => output.output_type === 'error')
      .map(output => output.evalue);
  });

/** A screenshot kept for people to look at, in `ui-tests/screenshots`. */
export const shot = (name: string) => ({
  path: new URL(`./screenshots/${name}.png`, import.meta.url).pathname,
});
