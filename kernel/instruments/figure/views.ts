/** What a live figure shows: each view names a value of the network, what to make of it, and how that is drawn. */
import type { LiveDrawing, Names } from '../../display/views/live.ts';
import type { Var } from '../../engine/var.ts';

/**
 * A site by name, or a function that makes a value of what it reads: `at` gives a site's value, `control` what a
 * control feeds (a slider's number, the place of a choice, where the last word of a text stands).
 */
export type Shown = string | ((at: (site: string) => Var, control: (name: string) => Var) => Var);

export interface ViewPart {
  readonly of: Shown;
  drawing(output: string): LiveDrawing;
}

/** Names along an axis: given, or the name of a control whose words they are. */
type NamesForm = readonly string[] | string;
const namesOf = (form: NamesForm): Names => (typeof form === 'string' ? { control: form } : [...form]);

interface ViewOptions {
  title?: string;
  /** What the scale holds at least, so that it stands still while a control moves. */
  range?: readonly [number, number];
}

const common = (output: string, { title = '', range }: ViewOptions) => ({
  output,
  title,
  ...(range && { range: [range[0], range[1]] as [number, number] }),
});

/**
 * A bar for each number of a value with one axis.
 * @param options `labels`: a name for each, or the text control whose words they are
 * @example figure.bars('logits', { labels: textures.classes, title: 'Logits' })
 */
export const bars = (
  of: Shown,
  { labels, y = '', ...options }: ViewOptions & { labels: NamesForm; y?: string },
): ViewPart => ({
  of,
  drawing: output => ({ kind: 'bars', ...common(output, options), labels: namesOf(labels), y }),
});

/**
 * A line for each row of a value with one axis or two.
 * @example figure.lines(at => ops.reduceMean(at('conv5'), [2, 3]), { x: 'channel', y: 'mean' })
 */
export const lines = (
  of: Shown,
  {
    names = [],
    x = '',
    y = '',
    ...options
  }: ViewOptions & { names?: readonly string[]; x?: string; y?: string } = {},
): ViewPart => ({
  of,
  drawing: output => ({ kind: 'lines', ...common(output, options), names: [...names], x, y }),
});

/**
 * Colours for a value with two axes, the first one down.
 * @param options `rows`, `columns`: names, or the text control whose words they are
 * @example figure.heatmap(at => ops.reduceMean(at('conv3'), [1]), { title: 'Mean of conv3' })
 */
export const heatmap = (
  of: Shown,
  {
    rows,
    columns,
    x = '',
    y = '',
    ...options
  }: ViewOptions & { rows?: NamesForm; columns?: NamesForm; x?: string; y?: string } = {},
): ViewPart => ({
  of,
  drawing: output => ({
    kind: 'heatmap',
    ...common(output, options),
    ...(rows && { rows: namesOf(rows) }),
    ...(columns && { columns: namesOf(columns) }),
    x,
    y,
  }),
});

/**
 * A picture: 3×H×W in [0, 1] (or in `range`) as colours, H×W as shades of its own range.
 * @example figure.picture('image', { title: 'What it sees' })
 */
export const picture = (of: Shown, options: ViewOptions = {}): ViewPart => ({
  of,
  drawing: output => ({ kind: 'picture', ...common(output, options) }),
});

/**
 * Words coloured by a value each.
 * @param options `words`: the text control whose words they are, or the words
 * @example figure.tokens(at => ops.reduceMax(at('logits'), [0]), { words: textures.classes, unit: 'logit' })
 */
export const tokens = (
  of: Shown,
  { words, unit = 'value', ...options }: ViewOptions & { words: NamesForm; unit?: string },
): ViewPart => ({
  of,
  drawing: output => ({ kind: 'tokens', ...common(output, options), words: namesOf(words), unit }),
});
