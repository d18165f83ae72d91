import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import { percentile } from '../simulation/percentile.ts';

/** One call, as it is sent. */
export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
}

/** What a load came to. Times are of whole calls: from the first byte sent to the last one read. */
export interface Load {
  readonly calls: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  /** Statuses that came, with how often. */
  readonly statuses: Readonly<Record<string, number>>;
}

/**
 * Calls an engine from that many connections, each as soon as its call before was answered.
 * @param calls in all, over all connections
 * @param callOf the call of a number, from 0
 */
export async function load(
  url: string,
  { connections, calls }: { readonly connections: number; readonly calls: number },
  callOf: (number: number) => Call,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const statuses: Record<string, number> = {};
  let next = 0;
  const began = performance.now();
  const work = async (): Promise<void> => {
    while (next < calls) {
      const call = callOf(next++);
      const sent = performance.now();
      const status = await send(agent, url, call);
      times.push(performance.now() - sent);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const seconds = (performance.now() - began) / 1_000;
  agent.destroy();
  return {
    ...{ calls, perSecond: calls / seconds, statuses },
    ...{ median: percentile(times, 0.5), p99: percentile(times, 0.99) },
  };
}

function send(agent: Agent, url: string, { method, path, headers, body }: Call): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { agent, method, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
