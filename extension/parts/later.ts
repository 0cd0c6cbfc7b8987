/** A widget whose code is fetched when somebody first looks at it: before that its frame alone stands in its place. */
import { Panel, type Widget } from '@lumino/widgets';

export class Later<Content extends Widget> extends Panel {
  private loading?: Promise<Content | undefined>;

  constructor(private readonly load: () => Promise<Content>) {
    super();
    this.addClass('nb-Later');
  }

  /** What is inside, as soon as it is there; undefined where the frame has gone meanwhile. */
  content(): Promise<Content | undefined> {
    return (this.loading ??= this.fill());
  }

  protected override onAfterShow(): void {
    void this.content();
  }

  protected override onAfterAttach(): void {
    if (this.isVisible) void this.content();
  }

  protected override onActivateRequest(): void {
    void this.content().then(content => content?.activate());
  }

  private async fill(): Promise<Content | undefined> {
    const content = await this.load().catch((error: unknown) => {
      // a server that was away may be back the next time
      this.loading = undefined;
      throw error;
    });
    if (this.isDisposed) {
      content.dispose();
      return undefined;
    }
    this.addWidget(content);
    return content;
  }
}
