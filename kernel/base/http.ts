/** One HTTP request that follows redirects by hand, so that a token never reaches a host it was not meant for. */
import { DownloadError, InterruptError } from './errors.ts';
import { host } from './host.ts';

export interface RequestOptions {
  method?: 'GET' | 'HEAD';
  headers?: Readonly<Record<string, string>>;
  /** Sent to the address's own origin only; a redirect elsewhere goes without. */
  token?: string;
  /** How long nothing may arrive before the request is given up, in milliseconds. */
  patience?: number;
  /** Stays at the first answer that leads to another origin. */
  stay?: boolean;
}

/** An answer, and a watch that ends it where nothing arrives or the user interrupts. */
export interface Answer {
  readonly response: Response;
  /** The body piece by piece. @throws InterruptError, DownloadError where it stalls */
  body(): AsyncGenerator<Uint8Array>;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const longestChain = 10;

/**
 * @returns the answer, whatever its status
 * @throws DownloadError where there is none: no network, no such host, too many redirects, a redirect to plain http
 */
export async function request(address: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, token, patience = 60_000, stay = false } = options;
  const origin = new URL(address).origin;
  const watch = new Watch(address, patience);
  let url = new URL(address);
  for (let hops = 0; hops <= longestChain; hops++) {
    const home = url.origin === origin;
    const sent = { ...headers, ...(token && home && { authorization: `Bearer ${token}` }) };
    let response: Response;
    try {
      const init = { method, headers: sent, signal: watch.signal };
      response = await watch.over(fetch(url, { ...init, redirect: 'manual' }));
      // a browser does not show where a redirect leads; it follows by itself, and drops the token on the way
      if (response.type === 'opaqueredirect') response = await watch.over(fetch(url, init));
    } catch (error) {
      throw watch.reason(error);
    }
    const next = redirects.has(response.status) && response.headers.get('location');
    if (!next) return { response, body: () => watch.body(response) };
    const target = new URL(next, url);
    if (stay && target.origin !== origin) return { response, body: () => watch.body(response) };
    if (!/^https?:$/.test(target.protocol) || (url.protocol === 'https:' && target.protocol === 'http:'))
      throw new DownloadError(
        `${address} leads on to ${target.protocol}//${target.host}; expected https`,
        address,
      );
    await response.body?.cancel();
    url = target;
  }
  throw new DownloadError(`${address} leads on and on: more than ${longestChain} redirects`, address);
}

/** Gives a request up when nothing arrives for a while, or when the user interrupts. */
class Watch {
  private readonly controller = new AbortController();
  readonly signal = this.controller.signal;

  constructor(
    private readonly address: string,
    private readonly patience: number,
  ) {}

  /** `work`, watched. */
  async over<T>(work: Promise<T>): Promise<T> {
    const began = performance.now();
    const look = () => {
      if (host().interrupted) this.controller.abort(new InterruptError('interrupted'));
      else if (performance.now() - began > this.patience)
        this.controller.abort(new Error(`nothing arrived for ${this.patience / 1000} s`));
    };
    look();
    const timer = setInterval(look, 50);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  async *body(response: Response): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        const { done, value } = await this.over(reader.read());
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw this.reason(error);
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** Why there is no answer, in words; an interrupt stays one. */
  reason(error: unknown): Error {
    const given = this.signal.aborted ? (this.signal.reason as Error) : (error as Error);
    if (given instanceof InterruptError) return given;
    const cause = given.cause as (Error & { code?: string }) | undefined;
    const why = [given.message, cause?.code ?? cause?.message].filter(Boolean).join(': ');
    return new DownloadError(
      `no answer from ${this.address}: ${why}; check the address and the network`,
      this.address,
      undefined,
      { cause: error },
    );
  }
}
