import { z } from 'zod';
import { EngineError } from '../../core/errors.ts';
import { tryJson } from '../../core/json.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { WebFetch } from '../network/web-fetch.ts';
import { type IssuerKey, issuerKeyOf } from './jwt.ts';

/** Milliseconds after which keys are asked for anew: one that the issuer has withdrawn is taken for so long. */
const freshFor = 10 * 60_000;
/** Milliseconds for which keys stand while the issuer does not answer. */
const standFor = 60 * 60_000;
/** Milliseconds between two requests that tokens with unknown keys, or an issuer that does not answer, can cause. */
const pause = 30_000;
const requestMilliseconds = 5_000;
/** A set of 100 RSA keys with certificates is smaller. */
const mostBytes = 512 * 1024;
const mostKeys = 100;

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const keySetSchema = z.looseObject({ keys: z.array(z.unknown()).max(mostKeys) });

/** The keys of an issuer, as its discovery document names them. */
export interface IssuerKeys {
  /**
   * The key of an id; undefined where the issuer has none. An id that nobody has heard of is asked for, at times: the
   * issuer may have taken a new key.
   * @throws EngineError service.unavailable where no keys are to be had
   */
  find(keyId: string): Promise<IssuerKey | undefined>;
}

export function createIssuerKeys(options: {
  readonly issuer: string;
  /** For addresses that the operator has set. */
  readonly fetch: WebFetch;
  readonly clock: Clock;
  readonly log: (message: string, facts: Readonly<Record<string, string | number>>) => void;
}): IssuerKeys {
  const { issuer, fetch, clock, log } = options;
  let keys: ReadonlyMap<string, IssuerKey> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  const since = (instant: number): number => clock.now().getTime() - instant;

  const read = async (): Promise<void> => {
    askedAt = clock.now().getTime();
    try {
      keys = await readKeys(issuer, fetch);
      readAt = clock.now().getTime();
    } catch (error) {
      // Its keys still stand for a while; then who asks is told.
      log('the issuer of tokens does not answer', {
        issuer,
        reason: error instanceof Error ? error.message : 'unknown',
      });
    }
  };
  /** One request at a time, however many tokens wait for it. */
  const ask = (): Promise<void> => {
    asking ??= read().finally(() => {
      asking = undefined;
    });
    return asking;
  };

  return {
    async find(keyId) {
      const wanted = since(readAt) >= freshFor || !keys.has(keyId);
      if (asking !== undefined || (wanted && since(askedAt) >= pause)) await ask();
      if (since(readAt) >= standFor) {
        throw new EngineError('service.unavailable', 'The issuer of tokens does not answer.', {
          retryAfterSeconds: Math.max(1, (pause - since(askedAt)) / 1_000),
        });
      }
      return keys.get(keyId);
    },
  };
}

async function readKeys(issuer: string, fetch: WebFetch): Promise<ReadonlyMap<string, IssuerKey>> {
  const place = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const discovery = discoverySchema.parse(await readJson(place, fetch));
  // Else one issuer could speak for another (OpenID Connect Discovery 1.0, section 4.3).
  if (discovery.issuer !== issuer) throw new Error('its discovery document is of another issuer');
  if (issuer.startsWith('https:') && !discovery.jwks_uri.startsWith('https:'))
    throw new Error('its keys are not at https');
  const { keys } = keySetSchema.parse(await readJson(discovery.jwks_uri, fetch));
  const taken = keys.flatMap((value) => issuerKeyOf(value) ?? []);
  if (taken.length === 0) throw new Error('it has no key that is taken');
  return new Map(taken.map((key) => [key.keyId, key]));
}

/** @throws Error where the answer is no JSON of a bounded size, in time, from where it was asked for */
async function readJson(address: string, fetch: WebFetch): Promise<unknown> {
  const signal = AbortSignal.timeout(requestMilliseconds);
  const response = await fetch(address, { headers: { accept: 'application/json' }, signal });
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel();
    throw new Error(`${address} answers ${response.redirected ? 'with a redirect' : response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > mostBytes) throw new Error(`${address} answers more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  const value = tryJson(Buffer.concat(chunks).toString());
  if (value === undefined) throw new Error(`${address} answers no JSON`);
  return value;
}
