import { z } from 'zod';

/** A web proxy: what reads archives, and scripts with network, go through it. */
export const proxySchema = z.strictObject({
  /** Its address; user and password may be in it. */
  url: z.string(),
  /** Hosts that are asked without it, in lower case, each with all that is below it; `*`: all. */
  noProxy: z.array(z.string()),
});
export type WebProxy = z.infer<typeof proxySchema>;

const mostCharacters = 2_048;

/** Address of a proxy as configuration writes it: `http://proxy.internal:3128`, a user and password before the host. */
export const proxyAddressSchema = z
  .string()
  .max(mostCharacters)
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash === '';
  }, 'not an http or https address of a proxy, without a path')
  .refine((text) => {
    const { username, password } = URL.parse(text) ?? {};
    return isDecodable(username ?? '') && isDecodable(password ?? '');
  }, 'has a % in its user or password that begins no escape: write it as %25')
  // Programs know a proxy by an address that begins in lower case, and go without it where they know it not.
  .transform((text) => new URL(text).href.replace(/\/$/, ''));

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Hosts as `no_proxy` has them, parted by commas: `internal.example,.corp.example,10.0.0.7`. Gives them one by one. */
export const noProxySchema = z
  .string()
  .max(4_096)
  .regex(
    /^(?:\*|\.?[A-Za-z0-9:][A-Za-z0-9:.-]*)(?:, *(?:\*|\.?[A-Za-z0-9:][A-Za-z0-9:.-]*))*$/,
    'not a list of hosts parted by commas',
  )
  .transform((text) => text.toLowerCase().split(/, */));

/** A proxy as its two settings say; undefined where there is none. */
export function proxyOf(url: string | undefined, noProxy: readonly string[] | undefined): WebProxy | undefined {
  return url === undefined ? undefined : { url, noProxy: [...(noProxy ?? [])] };
}

/**
 * Whether a host is asked without the proxy.
 * @param host as URLs have it: in lower case, an IPv6 address in brackets
 */
export function bypassesProxy({ noProxy }: WebProxy, host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  return noProxy.some((entry) => {
    const domain = entry.replace(/^\./, '');
    return entry === '*' || name === domain || name.endsWith(`.${domain}`);
  });
}

/** The variables by which programs find a proxy, in both of their spellings. */
export function proxyEnvironment(proxy: WebProxy | undefined): Record<string, string> {
  if (proxy === undefined) return {};
  const variables = { http_proxy: proxy.url, https_proxy: proxy.url, no_proxy: proxy.noProxy.join(',') };
  const upper = Object.entries(variables).map(([name, value]) => [name.toUpperCase(), value]);
  return { ...variables, ...Object.fromEntries(upper) };
}

/**
 * What of a proxy's address no log may show: the password, as it is written and as it is meant, and what programs that
 * tell all they send make of user and password (RFC 7617).
 */
export function proxySecrets(proxy: WebProxy | undefined): string[] {
  if (proxy === undefined) return [];
  const { username, password } = new URL(proxy.url);
  if (password === '') return [];
  const plain = decodeURIComponent(password);
  const pair = new TextEncoder().encode(`${decodeURIComponent(username)}:${plain}`);
  return [password, plain, btoa(String.fromCharCode(...pair))];
}
