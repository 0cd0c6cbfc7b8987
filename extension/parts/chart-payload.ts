/**
 * Checks a Plotly payload and copies what is safe of it. Saved notebooks may come from anyone, and their outputs
 * are drawn before anybody has trusted them: no trace that fetches from the network, no address but a picture
 * written out as data, no key that reaches a prototype, and of the configuration only what concerns looks.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlotlyPayload } from 'neuronbook/display/payload';

/** Traces that draw from their own data alone; maps fetch tiles and outlines. */
const traceTypes = new Set(
  (
    'scatter scattergl bar box violin histogram histogram2d histogram2dcontour heatmap contour image pie sunburst ' +
    'treemap icicle sankey parcoords parcats splom scatterpolar scatterpolargl barpolar scatterternary scattersmith ' +
    'carpet scattercarpet contourcarpet surface mesh3d scatter3d isosurface volume cone streamtube table indicator ' +
    'funnel funnelarea waterfall candlestick ohlc'
  ).split(' '),
);

const configKeys = [
  'displayModeBar',
  'scrollZoom',
  'staticPlot',
  'doubleClick',
  'showAxisDragHandles',
  'locale',
];

const pictureAddress = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/\s]*=*\s*$/;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A key, or one part of a dotted key, that would reach beyond the figure. */
const reachesOut = (key: string): boolean =>
  /(^|[.[\]])(__proto__|prototype|constructor)($|[.[\]])/.test(key);

/** Lists and objects inside one another. */
const DEEPEST = 24;

/** Copies plain data, without addresses and without what style text can fetch. */
function clean(value: unknown, key: string, depth: number): unknown {
  if (depth > DEEPEST) throw new RangeError();
  if (typeof value === 'string') {
    if (/^(source|src|url|geojson|style)$/i.test(key)) return pictureAddress.test(value) ? value : '';
    return value.includes('(') ? value.replace(/(url|image-set|expression)\s*\(/gi, '(') : value;
  }
  if (Array.isArray(value))
    return value.map(item => (typeof item === 'number' ? item : clean(item, key, depth + 1)));
  if (!isRecord(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value))
    if (!reachesOut(name)) copy[name] = clean(item, name, depth + 1);
  return copy;
}

/** A copy that can be drawn, or why there is none, in words that end a sentence. */
export function checkChart(value: unknown, trans: TranslationBundle): PlotlyPayload | string {
  if (!isRecord(value)) return trans.__('the chart is not an object');
  if (!Array.isArray(value.data)) return trans.__('the chart has no list of traces');
  if (value.layout !== undefined && !isRecord(value.layout))
    return trans.__('the layout of the chart is not an object');
  for (const [i, trace] of value.data.entries()) {
    if (!isRecord(trace)) return trans.__('trace %1 of the chart is not an object', i);
    const type = trace.type ?? 'scatter';
    if (typeof type !== 'string' || !traceTypes.has(type))
      return trans.__('trace %1 of the chart has type %2, which is not drawn here', i, JSON.stringify(type));
  }
  try {
    const config = isRecord(value.config) ? value.config : {};
    return {
      data: clean(value.data, '', 0) as PlotlyPayload['data'],
      layout: clean(value.layout ?? {}, '', 0) as PlotlyPayload['layout'],
      config: Object.fromEntries(
        configKeys.filter(key => key in config).map(key => [key, clean(config[key], key, 0)]),
      ),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return trans.__('the chart cannot be read: it is nested more than %1 deep', DEEPEST);
  }
}

const textOf = (value: unknown): string => {
  const text = isRecord(value) ? value.text : value;
  return typeof text === 'string' ? text.replace(/<[^>]*>/g, ' ').trim() : '';
};

/** What the chart is, in words, from its titles and the names of its traces. */
export function chartWords({ data, layout }: PlotlyPayload, trans: TranslationBundle): string {
  const meta = isRecord(layout.meta) ? textOf(layout.meta.alt) : '';
  if (meta) return meta;
  const axis = (name: string) =>
    isRecord(layout[name]) ? textOf((layout[name] as Record<string, unknown>).title) : '';
  const names = data.map(trace => textOf(trace.name)).filter(Boolean);
  const kinds = [...new Set(data.map(trace => String(trace.type ?? 'scatter')))];
  return [
    textOf(layout.title) || trans.__('%1 chart', kinds.join(', ')),
    axis('xaxis') && `x: ${axis('xaxis')}`,
    axis('yaxis') && `y: ${axis('yaxis')}`,
    names.length > 0 && trans.__('series: %1', names.join(', ')),
  ]
    .filter(Boolean)
    .join('; ');
}
