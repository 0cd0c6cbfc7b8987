/** The theme's colours as a Plotly template: a figure keeps what it sets itself and takes the rest from the page. */

type Json = Record<string, unknown>;

/** Legible on both themes' backgrounds, and told apart by people who see red and green alike. */
const series = ['#3b82c4', '#e08a2e', '#3f9e6e', '#cc5f7f', '#8a74c9', '#a08a3c', '#4aa3b5', '#8c8c8c'];

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `over` wins; objects are merged, lists replaced. */
function merge(under: Json, over: Json): Json {
  const merged: Json = { ...under };
  for (const [key, value] of Object.entries(over))
    merged[key] = isRecord(value) && isRecord(under[key]) ? merge(under[key], value) : value;
  return merged;
}

/** The colours in force at `node`. */
export function themeTemplate(node: Element): Json {
  // a chart may be drawn before its output is attached, where no variable has a value yet
  const style = getComputedStyle(node.isConnected ? node : document.body);
  const colour = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  const text = colour('--jp-ui-font-color1', '#333');
  const quiet = colour('--jp-ui-font-color2', '#666');
  const grid = colour('--jp-border-color2', '#e0e0e0');
  const strong = colour('--jp-border-color1', '#bdbdbd');
  const surface = colour('--jp-layout-color1', '#fff');
  const axis = {
    automargin: true,
    // margins make room for each label: looking for ones that have none took a quarter of a redraw
    ticklabeloverflow: 'allow',
    gridcolor: grid,
    linecolor: strong,
    zerolinecolor: strong,
    tickcolor: strong,
    tickfont: { color: quiet },
    title: { font: { color: text }, standoff: 10 },
  };
  const plane = { xaxis: { ...axis, showbackground: false }, yaxis: { ...axis, showbackground: false } };
  return {
    layout: {
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      colorway: series,
      // nothing has the colour of the page; what is below and above zero leaves it in two directions
      colorscale: {
        sequential: 'Viridis',
        diverging: [
          [0, '#2f74c0'],
          [0.5, surface],
          [1, '#c9503f'],
        ],
      },
      font: { color: text, family: colour('--jp-ui-font-family', 'sans-serif'), size: 12 },
      title: { font: { color: text, size: 15 }, x: 0, xref: 'paper', xanchor: 'left' },
      xaxis: axis,
      yaxis: axis,
      scene: { ...plane, zaxis: { ...axis, showbackground: false }, bgcolor: 'rgba(0,0,0,0)' },
      polar: { bgcolor: 'rgba(0,0,0,0)', angularaxis: axis, radialaxis: axis },
      legend: { font: { color: text }, bgcolor: 'rgba(0,0,0,0)' },
      hoverlabel: { bgcolor: surface, bordercolor: strong, font: { color: text } },
      modebar: { color: quiet, activecolor: text, bgcolor: 'rgba(0,0,0,0)' },
      annotationdefaults: { font: { color: text }, arrowcolor: quiet },
      coloraxis: { colorbar: { outlinewidth: 0, tickcolor: strong } },
      margin: { t: 48, r: 16, b: 44, l: 56 },
    },
    data: {
      heatmap: [{ colorbar: { outlinewidth: 0, tickcolor: strong } }],
      contour: [{ colorbar: { outlinewidth: 0, tickcolor: strong } }],
      table: [
        {
          header: { fill: { color: grid }, line: { color: strong }, font: { color: text } },
          cells: { fill: { color: surface }, line: { color: grid }, font: { color: text } },
        },
      ],
    },
  };
}

/** In pixels. */
export const heightOf = ({ height }: Json): number =>
  typeof height === 'number' ? Math.min(Math.max(height, 80), 4000) : 340;

/**
 * The layout as it is drawn: on the page's own background, in the page's colours where the figure names none.
 * @param theme the colours in force; the same object each time keeps Plotly from looking for what changed in it
 */
export function themedLayout(layout: Json, theme: Json): Json {
  const untitled = !isRecord(layout.title) && typeof layout.title !== 'string';
  return {
    ...layout,
    template: isRecord(layout.template) ? merge(layout.template, theme) : theme,
    autosize: true,
    height: heightOf(layout),
    ...(untitled && !isRecord(layout.margin) && { margin: { t: 16 } }),
  };
}
