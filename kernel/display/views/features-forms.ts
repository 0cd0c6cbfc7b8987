/** A dashboard of features without the extension: as a picture, as script-free HTML, in words. */
import { cellText, escapeHtml } from '../html.ts';
import { stacked } from '../stack.ts';
import type { Feature, FeatureEntry, FeatureExample, FeaturesPayload } from './features.ts';
import { strength, svg as strip, tint, visible } from './tokens.ts';

type Data = FeaturesPayload['data'];

/** What stands in a picture and in a page: features, examples of each, entries of each. */
const room = { picture: 4, page: 12, examples: 4, entries: 5, letters: 40_000 };

export const percent = (share: number): string => `${+(100 * share).toPrecision(2)} %`;

/** `#7 animals` */
export const nameOf = ({ feature, label }: Pick<Feature, 'feature' | 'label'>): string =>
  label ? `#${feature} ${label}` : `#${feature}`;

const summary = (one: Feature): string =>
  `active at ${percent(one.density)} of rows, at most ${cellText(+one.largest.toPrecision(3))}`;

const heading = ({ title, about, count, features }: Data): string =>
  [title || 'features', `${count.toLocaleString('en')} features, ${features.length} of them here`, about]
    .filter(Boolean)
    .join(' · ');

const clip = (text: string, most = 96): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const joined = ({ tokens, at, place }: FeatureExample): string =>
  tokens.length
    ? visible(`${tokens.slice(0, at).join('')}‹${tokens[at].trim()}›${/\s$/.exec(tokens[at])?.[0] ?? ''}${tokens.slice(at + 1).join('')}`).trim() // prettier-ignore
    : place;

const listed = (entries: readonly FeatureEntry[]): string =>
  entries
    .slice(0, room.entries)
    .map(({ name }) => visible(name).trim())
    .join(', ');

export function words(data: Data): string {
  const lines = data.features.slice(0, room.page).map(one => {
    const [first] = one.examples;
    const raised = one.raises.length ? `; raises ${listed(one.raises)}` : '';
    return `${nameOf(one)}: ${summary(one)}${raised}${first ? `: ${joined(first)}` : ''}`;
  });
  return [heading(data), ...lines].join('\n');
}

export function svg(data: Data): string {
  const parts = data.features.slice(0, room.picture).map(one =>
    strip({
      title: clip(`${nameOf(one)} · ${summary(one)}`),
      unit: 'activation',
      texts: one.examples.slice(0, room.examples).map(({ value, place, tokens, values }) => ({
        label: `${cellText(+value.toPrecision(3))}${tokens.length ? '' : ` · ${place}`}`,
        tokens,
        values,
      })),
      range: [0, Math.max(0, one.largest)],
    }),
  );
  const nothing = { title: heading(data), unit: '', texts: [], range: [0, 1] as [number, number] };
  return stacked(parts.length ? parts : [strip(nothing)], heading(data));
}

function exampleHtml({ value, place, tokens, values }: FeatureExample, largest: number): string {
  const spans = tokens.map((token, i) => {
    const by = strength(values[i], [0, largest]);
    const style = by ? ` style="background: ${tint(by)}; border-radius: 2px"` : '';
    return `<span${style}>${escapeHtml(visible(token))}</span>`;
  });
  return `<p style="line-height: 1.7; white-space: pre-wrap; margin: 0"><b>${cellText(+value.toPrecision(3))}</b> ${spans.join('') || escapeHtml(place)}</p>`;
}

export function html(data: Data): string {
  const parts = [`<p><b>${escapeHtml(heading(data))}</b></p>`];
  for (const one of data.features.slice(0, room.page)) {
    const effects = [
      one.raises.length ? `raises ${listed(one.raises)}` : '',
      one.lowers.length ? `lowers ${listed(one.lowers)}` : '',
    ].filter(Boolean);
    const examples = one.examples.slice(0, room.examples).map(each => exampleHtml(each, one.largest));
    parts.push(
      `<h4>${escapeHtml(nameOf(one))}</h4>\n<p>${escapeHtml([summary(one), ...effects].join(' · '))}</p>\n${examples.join('\n')}`,
    );
    // a notebook carries this beside the payload
    if (parts.reduce((sum, part) => sum + part.length, 0) > room.letters) break;
  }
  return parts.join('\n');
}
