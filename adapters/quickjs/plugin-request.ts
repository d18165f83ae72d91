import { z } from 'zod';
import { pluginLimits } from '../../core/plugins/limits.ts';
import { utf8Length } from '../../core/text.ts';

const { fetchUrlLength, fetchHeaders, fetchHeaderBytes, fetchBodyBytes } = pluginLimits;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Headers that say how the connection is used, or whom it reaches: they are not the plugin's (Fetch, forbidden headers). */
const forbidden: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'via', 'accept-encoding', 'cookie2'],
]);

const headerSchema = z.tuple([
  z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is no name of a header')
    .toLowerCase()
    .refine((name) => !forbidden.has(name) && !name.startsWith('proxy-') && !name.startsWith('sec-'), 'may not be set'),
  z.string().regex(/^[\t\x20-\x7e\u0080-\u00ff]*$/, 'is no value of a header'),
]);

/** What a plugin asks, as its sandbox wrote it. */
export const pluginRequestSchema = z.strictObject({
  url: z.string().max(fetchUrlLength.value),
  method: z.enum(methods),
  headers: z
    .array(headerSchema)
    .max(fetchHeaders.value)
    .refine((headers) => utf8Length(headers.flat().join('')) <= fetchHeaderBytes.value, 'are too long together'),
  body: z
    .string()
    .refine((body) => body.length <= fetchBodyBytes.value && utf8Length(body) <= fetchBodyBytes.value, 'is too large')
    .nullable(),
});
export type PluginRequest = z.output<typeof pluginRequestSchema>;

/** What a sandbox is answered. */
export type PluginAnswer =
  | {
      readonly ok: true;
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly ok: false; readonly code: 'plugin.fetch_refused' | 'plugin.fetch_failed'; readonly reason: string };
