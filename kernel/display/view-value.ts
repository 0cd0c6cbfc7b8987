/**
 * What every maker of a view returns: the payload, the picture and words that stand for it where nothing draws it, and
 * who answers when a reader selects something.
 */
import type { MimeBundle } from '../base/host.ts';
import { bundleOf, displaySymbol, type Displayable, type DisplayOptions } from './bundle.ts';
import { figureHtml } from './figure-html.ts';
import { answerTo, newLiveId } from './live.ts';
import { isNumbers, NEURONBOOK_MIME } from './payload.ts';
import type { SelectReply, ViewOptions, ViewPayload } from './payload.ts';

/** How a view looks without the extension. One picture, SVG or PNG (base64), and the same in words. */
export interface Forms {
  svg?(): string;
  png?(): string;
  words(): string;
  /** Where HTML says more than the picture in a frame does. */
  html?(): string;
}

/** What a reader selects by a click or Enter, told to the kernel. */
export interface Selecting<Selection> {
  /** Called with what was selected; what it returns is shown under the view. */
  onSelect?: (selection: Selection) => unknown;
}

export class ViewValue<View extends string, Data, Selection = never> implements Displayable {
  private readonly options: ViewOptions = {};

  /** @param selected what stands at the given indices; undefined where nothing does */
  constructor(
    private readonly view: View,
    readonly data: Data,
    private readonly forms: Forms,
    private readonly selected?: (at: readonly number[]) => Selection | undefined,
    private readonly onSelect?: (selection: Selection) => unknown,
  ) {
    if (onSelect) this.options = { select: newLiveId('select') };
  }

  get payload(): ViewPayload<View, Data, ViewOptions> {
    return { version: 1, view: this.view, data: this.data, options: this.options };
  }

  [displaySymbol]({ passing = false }: DisplayOptions = {}): MimeBundle {
    const { select } = this.options;
    if (select) answerSelections(select, this.selected!, this.onSelect!);
    const words = this.forms.words();
    const drawn = { [NEURONBOOK_MIME]: this.payload };
    if (passing) return { ...drawn, 'text/plain': words };
    const [svg, png] = [this.forms.svg?.(), this.forms.png?.()];
    const html = this.forms.html ? { 'text/html': this.forms.html() } : figureHtml({ svg, png }, words);
    return {
      ...drawn,
      ...html,
      ...(svg !== undefined && { 'image/svg+xml': svg }),
      ...(png !== undefined && { 'image/png': png }),
      'text/plain': words,
    };
  }

  toString(): string {
    return this.forms.words();
  }
}

/**
 * From now on a selection in the display `id` is answered with what the handler returns of it. What comes over the wire is
 * checked like what is saved.
 */
export function answerSelections<Selection>(
  id: string,
  selected: (at: readonly number[]) => Selection | undefined,
  onSelect: (selection: Selection) => unknown,
): void {
  const answer = async (seq: number, at: unknown): Promise<SelectReply> => {
    try {
      const isPlace = isNumbers(at) && at.every(Number.isInteger);
      const selection = isPlace ? selected(at as number[]) : undefined;
      if (selection === undefined)
        throw new RangeError(`nothing to select at ${JSON.stringify(at)}; show the view again`);
      const value = await onSelect(selection);
      return value === undefined ? { seq } : { seq, bundle: await bundleOf(value, { passing: true }) };
    } catch (error) {
      return { seq, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
    }
  };
  answerTo(id, ({ seq, at }) => answer(Number(seq), at));
}

/** Whether indices are as many as `dims`, and each within its own. */
export const within = (at: readonly number[], dims: readonly number[]): boolean =>
  at.length === dims.length && at.every((index, i) => index >= 0 && index < dims[i]);
