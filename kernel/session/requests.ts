/** The requests that need no user code: each takes the content of a request and gives that of its reply. */
import type { CommLedger } from './comm.ts';
import type { History, HistoryRequest } from './history.ts';
import type { Executor } from './execute.ts';
import { completeMagic, inspectMagic } from './magic-help.ts';
import type { Language } from './protocol.ts';
import { createUsage } from './usage.ts';

export interface RequestParts {
  version: string;
  history: History;
  comms: CommLedger;
  subshells: Executor['subshells'];
  /** The ports of the connection file, by channel. */
  ports: Record<string, number>;
  language(): Promise<Language>;
}

type Handler = (content: Record<string, unknown>) => object | Promise<object>;

export function createRequests({
  version,
  history,
  comms,
  subshells,
  ports,
  language,
}: RequestParts): Record<string, Handler> {
  const usage = createUsage();
  return {
    kernel_info_request: () => kernelInfo(version),
    async complete_request({ code, cursor_pos }) {
      const at = [String(code), cursorOf(code, cursor_pos)] as const;
      return (await completeMagic(...at)) ?? (await language()).complete(...at);
    },
    async inspect_request({ code, cursor_pos, detail_level }) {
      const at = [String(code), cursorOf(code, cursor_pos)] as const;
      return (await inspectMagic(...at)) ?? (await language()).inspect(...at, detail_level === 1 ? 1 : 0);
    },
    async is_complete_request({ code }) {
      return (await language()).isComplete(String(code));
    },
    async history_request(content) {
      return { history: await history.query(content as unknown as HistoryRequest) };
    },
    comm_info_request: ({ target_name }) => ({ comms: comms.info(target_name as string | undefined) }),
    connect_request: () =>
      Object.fromEntries(Object.entries(ports).map(([channel, port]) => [`${channel}_port`, port])),
    usage_request: usage,
    create_subshell_request: () => ({ subshell_id: subshells.create() }),
    delete_subshell_request({ subshell_id }) {
      subshells.remove(subshell_id);
      return {};
    },
    list_subshell_request: () => ({ subshell_id: subshells.ids() }),
  };
}

/** Older clients leave the position out and mean the end. The protocol counts code points. */
const cursorOf = (code: unknown, cursor: unknown): number =>
  typeof cursor === 'number' ? cursor : [...String(code)].length;

const kernelInfo = (version: string) => ({
  protocol_version: '5.4',
  implementation: 'neuronbook',
  implementation_version: version,
  language_info: {
    name: 'typescript',
    version: '6.0',
    mimetype: 'text/typescript',
    file_extension: '.ts',
    pygments_lexer: 'typescript',
    // a string: an object here is taken for a mode that does not exist (Deno #36241)
    codemirror_mode: 'typescript',
    nbconvert_exporter: 'script',
  },
  banner: `neuronbook ${version} · TypeScript 6.0 on Node ${process.versions.node}`,
  debugger: true,
  supported_features: ['debugger', 'kernel subshells'],
  help_links: [
    { text: 'TypeScript', url: 'https://www.typescriptlang.org/docs/' },
    { text: 'ONNX operators', url: 'https://onnx.ai/onnx/operators/' },
    { text: 'Node.js', url: 'https://nodejs.org/docs/latest-v20.x/api/' },
  ],
});
