/** Controls above a picture that is made again whenever one of them moves. */
import type { MimeBundle } from '../../base/host.ts';
import { bundleOf, displaySymbol, type Displayable, type DisplayOptions } from '../bundle.ts';
import { accepts, controlOf, controlProblem } from '../controls.ts';
import type { Control, ControlForm, ControlValue, ValuesOf } from '../controls.ts';
import { answerTo, newLiveId } from '../live.ts';
import {
  isRecord,
  isText,
  NEURONBOOK_MIME,
  PLOTLY_MIME,
  type Problem,
  type ViewPayload,
} from '../payload.ts';

export type InteractivePayload = ViewPayload<
  'interactive',
  {
    /** The display's name, by which the front end asks for it. */
    id: string;
    controls: Record<string, Control>;
    /** What was made of the values that the controls begin with. */
    bundle: MimeBundle;
  }
>;

/** What the front end sends, and what it gets. */
export interface InteractiveRequest {
  seq: number;
  values: Record<string, ControlValue>;
}
export type InteractiveReply = { seq: number } & ({ bundle: MimeBundle } | { error: string });

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.id)) return 'data.id is not text';
  if (!isRecord(data.controls)) return 'data.controls is not an object';
  for (const [name, control] of Object.entries(data.controls)) {
    const wrong = controlProblem(control);
    if (wrong) return `data.controls.${name} ${wrong}`;
  }
  return isRecord(data.bundle) ? undefined : 'data.bundle is not an object';
};

/** The forms for those without the extension are for what is saved: a reply is drawn by whoever asked. */
function drawnOf(bundle: MimeBundle): MimeBundle {
  const drawn = [NEURONBOOK_MIME, PLOTLY_MIME].find(mime => mime in bundle);
  return drawn ? { [drawn]: bundle[drawn], 'text/plain': bundle['text/plain'] } : bundle;
}

class Interactive<Forms extends Record<string, ControlForm>> implements Displayable {
  private readonly id = newLiveId('interactive');
  private readonly controls: Record<string, Control>;

  constructor(
    private readonly fn: (values: ValuesOf<Forms>) => unknown,
    forms: Forms,
  ) {
    this.controls = Object.fromEntries(
      Object.entries(forms).map(([name, form]) => [name, controlOf(name, form)]),
    );
  }

  async [displaySymbol](): Promise<MimeBundle> {
    const values = Object.fromEntries(
      Object.entries(this.controls).map(([name, { value }]) => [name, value]),
    );
    const bundle = await this.make(values, {});
    answerTo(this.id, async ({ seq, values }) => this.answer(Number(seq), values));
    const payload: InteractivePayload = {
      version: 1,
      view: 'interactive',
      data: { id: this.id, controls: this.controls, bundle },
      options: {},
    };
    // without the extension the picture stands alone
    return { ...bundle, [NEURONBOOK_MIME]: payload };
  }

  toString(): string {
    return `interactive: ${Object.keys(this.controls).join(', ')}`;
  }

  private async make(values: Record<string, ControlValue>, options: DisplayOptions): Promise<MimeBundle> {
    const value = await this.fn(values as ValuesOf<Forms>);
    return value === undefined ? { 'text/plain': '' } : bundleOf(value, options);
  }

  private async answer(seq: number, values: unknown): Promise<InteractiveReply> {
    try {
      return { seq, bundle: drawnOf(await this.make(this.checked(values), { passing: true })) };
    } catch (error) {
      return { seq, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
    }
  }

  /** Only names that there are, and values that their controls could have given. */
  private checked(values: unknown): Record<string, ControlValue> {
    return Object.fromEntries(
      Object.entries(this.controls).map(([name, control]) => {
        const value = isRecord(values) && Object.hasOwn(values, name) ? values[name] : undefined;
        if (!accepts(control, value))
          throw new RangeError(`${name} cannot be ${JSON.stringify(value)}; move its control again`);
        return [name, value];
      }),
    );
  }
}

/**
 * Controls above what `fn` returns, which runs again whenever one of them moves. What it returned for the values that
 * the controls begin with is saved with the notebook.
 * @param fn takes the value of each control; what it returns (or resolves to) is shown as a cell would show it
 * @param controls by name: `{ min, max, step?, value? }` or `[min, max]` for a slider (at 0 where that lies between),
 * a list of texts for a choice, a boolean for a switch, a text for a text field
 * @throws NeuronbookError where a control is none of these
 * @example interactive(({ power }) => plot.line([0, 1, 2, 3].map(x => x ** power)), { power: { min: 0, max: 3 } })
 */
export function interactive<const Forms extends Record<string, ControlForm>>(
  fn: (values: ValuesOf<Forms>) => unknown,
  controls: Forms,
): Displayable {
  return new Interactive(fn, controls);
}
