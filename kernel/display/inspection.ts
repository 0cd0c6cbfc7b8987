/** What the inspector's panel asks of a kernel, and what it hears: over a comm on the library's target. */
import type { MimeBundle } from '../base/host.ts';
import { isRecord, isText, isTexts } from './payload.ts';

/** Under this name the library answers; see `live.ts`. */
export const INSPECTOR = 'neuronbook-inspector';

/** What can be made of a site. */
export const recipes = ['activations', 'statistics', 'feature'] as const;
export type Recipe = (typeof recipes)[number];

export type InspectorRequest = { seq: number } & (
  | { ask: 'models' }
  | {
      ask: 'show';
      what: Recipe;
      /** The variable that holds the model. */
      model: string;
      site: string;
      /** Input → the variable that holds what is fed. */
      inputs: Record<string, string>;
      channel: number;
    }
);

export interface InspectedSite {
  name: string;
  op: string;
  shape: string;
  parameters: number;
}

export interface InspectedModel {
  /** The variable that holds it. */
  name: string;
  /** What it says of itself, in a line. */
  title: string;
  sites: InspectedSite[];
  /** `fits` are the variables whose tensors can be fed. */
  inputs: { name: string; shape: string; fits: string[] }[];
  /** Whether pictures that excite a channel can be made. */
  pictures: boolean;
}

export type InspectorReply = { seq: number } & (
  { models: InspectedModel[] } | { bundle: MimeBundle; words: string } | { error: string }
);

const isSite = (site: unknown): boolean =>
  isRecord(site) &&
  isText(site.name) &&
  isText(site.op) &&
  isText(site.shape) &&
  Number.isFinite(site.parameters);

/** Whether a reply names models as the panel can list them; a kernel may hold any library. */
export const areModels = (models: unknown): models is InspectedModel[] =>
  Array.isArray(models) &&
  models.every(
    model =>
      isRecord(model) &&
      isText(model.name) &&
      isText(model.title) &&
      Array.isArray(model.sites) &&
      model.sites.every(isSite) &&
      Array.isArray(model.inputs) &&
      model.inputs.every(
        input => isRecord(input) && isText(input.name) && isText(input.shape) && isTexts(input.fits),
      ),
  );
