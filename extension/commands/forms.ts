/** Which forms an output has: what decides whether a command can be chosen. */
import { NEURONBOOK_MIME, PLOTLY_MIME } from 'neuronbook/display/payload';

/** MIME type → content, as a notebook keeps it. */
export type Data = Readonly<Record<string, unknown>>;

/** Text, which notebooks keep whole or as a list of lines. */
export const joined = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : Array.isArray(value) && value.every(line => typeof line === 'string')
      ? value.join('')
      : undefined;

export const svgOf = (data: Data): string | undefined => joined(data['image/svg+xml']);
export const textOf = (data: Data): string | undefined => joined(data['text/plain']);
export const hasPicture = (data: Data): boolean =>
  joined(data['image/png']) !== undefined || svgOf(data) !== undefined;

export const hasTable = (data: Data): boolean => {
  const view = data[NEURONBOOK_MIME] as { view?: unknown } | undefined;
  return (
    PLOTLY_MIME in data || view?.view === 'matrix' || /<table[\s>]/.test(joined(data['text/html']) ?? '')
  );
};

/** Our own data first: it says more than what stands in for it. */
export const valueOf = (data: Data): unknown =>
  data[NEURONBOOK_MIME] ?? data[PLOTLY_MIME] ?? data['application/json'];
