import { printable } from '../../core/builds/printable.ts';
import { tryJson } from '../../core/json.ts';
import type { PluginFetch as FetchRecord, PluginCall } from '../../core/ports/plugin-runner.ts';
import { longestRequest } from './messages.ts';
import type { PluginFetch } from './plugin-fetch.ts';
import { type PluginAnswer, pluginRequestSchema } from './plugin-request.ts';

/** What a run asks of addresses: it is answered, counted and noted. */
export class FetchBook {
  readonly #hosts: readonly string[];
  readonly #most: number;
  readonly #fetch: PluginFetch;
  readonly #fetches: FetchRecord[] = [];

  constructor({ grants, limits }: Pick<PluginCall, 'grants' | 'limits'>, fetch: PluginFetch) {
    this.#hosts = grants.fetchHosts;
    this.#most = limits.fetches;
    this.#fetch = fetch;
  }

  /** Answers a request, as the sandbox wrote it. It answers, whatever comes. */
  async answer(text: string, signal: AbortSignal): Promise<PluginAnswer> {
    // The sandbox has counted too.
    if (this.#fetches.length >= this.#most) return refused(`A run may call fetch ${this.#most} times.`);
    const request = pluginRequestSchema.safeParse(text.length > longestRequest ? undefined : tryJson(text));
    const host = request.success ? hostOf(request.data.url) : '';
    const place = this.#fetches.push({ host, reason: 'The run ended before an answer was there.' }) - 1;
    const answer = request.success
      ? await this.#fetch(request.data, this.#hosts, signal)
      : refused(`The request is refused: ${requestFault(request.error)}.`);
    this.#fetches[place] = answer.ok ? { host, status: answer.status } : { host, reason: answer.reason };
    return answer;
  }

  read(): readonly FetchRecord[] {
    return [...this.#fetches];
  }
}

const refused = (reason: string): PluginAnswer => ({ ok: false, code: 'plugin.fetch_refused', reason });

const hostOf = (url: string): string => printable(URL.parse(url)?.hostname ?? '').slice(0, 253);

function requestFault({ issues: [issue] }: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }) {
  return issue === undefined ? 'it cannot be read' : `${issue.path.map(String).join('.')}: ${issue.message}`;
}
