/**
 * What every view of `application/vnd.neuronbook.v1+json` is: one module in `renderers/`, named like the view, whose
 * default export makes an element out of a payload and then keeps it up to date.
 */
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Problem, ViewPayload } from 'neuronbook/display/payload';
import type { ViewSettings } from './settings.ts';

/** What all views of one JupyterLab share. */
export interface Surroundings {
  trans: TranslationBundle;
  settings: ViewSettings;
  /** Finds the notebook around an output; absent where there are no notebooks. */
  tracker?: INotebookTracker;
}

/** What one view knows of the output that it is drawn in. */
export interface ViewContext extends Surroundings {
  /** Whether the person has run the cell, or trusts the notebook. */
  trusted(): boolean;
  /** Shows a bundle of its own inside `node`, in place of what was there, as an output would. */
  render(bundle: Readonly<Record<string, unknown>>, node: HTMLElement): Promise<void>;
}

/** One drawn payload. */
export interface View<Payload> {
  readonly node: HTMLElement;
  /** Draws another payload of the same view in place: the same display, further along. */
  update(payload: Payload): void;
  dispose(): void;
}

/** A payload whose envelope is right, of whatever view. */
export type AnyPayload = ViewPayload<string, unknown, Record<string, unknown>>;

/** What a module in `renderers/` exports. */
export interface ViewModule {
  readonly default: (context: ViewContext) => View<AnyPayload>;
  readonly problem: Problem;
}
