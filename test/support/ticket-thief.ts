import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { ExchangeRequest, exchangeResponseSchema } from '../../core/builds/exchange.ts';
import { exchangeResponseSchema as responseSchema, type signedRequestSchema } from '../../core/builds/exchange.ts';
import { type Manifest, manifestSchema } from '../../core/builds/manifest.ts';
import { manifestPlace } from '../../core/builds/places.ts';
import { sha256 } from '../../core/digest.ts';
import { readJson, utf8 } from '../../core/json.ts';
import type { Ports } from '../../core/ports/ports.ts';

type SignedRequest = z.infer<typeof signedRequestSchema>;
type Output = Extract<ExchangeRequest, { kind: 'declare' }>['output'];

/** Somebody who holds all that a running task holds, and nothing else: its manifest's address. */
export class TicketThief {
  readonly manifest: Manifest;
  readonly manifestUrl: string;

  constructor(manifest: Manifest, manifestUrl: string) {
    this.manifest = manifest;
    this.manifestUrl = manifestUrl;
  }

  /** Waits until a stage's first attempt has its manifest. */
  static async of(ports: Ports, buildId: string, stageId: string): Promise<TicketThief> {
    const place = manifestPlace(buildId, stageId, 1);
    for (;;) {
      const bytes = await ports.blobs.get(place);
      if (bytes !== undefined) {
        const { url } = await ports.blobs.signGet(place, { expiresSeconds: 600 });
        return new TicketThief(manifestSchema.parse(readJson(bytes)), url);
      }
      await sleep(50);
    }
  }

  /** Asks the exchange, of this attempt or at another address, and answers the status, the code and the answer. */
  async ask(request: ExchangeRequest, url = this.manifest.exchangeUrl) {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.manifest.ticket}`, 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const body: unknown = await answer.json();
    const code = typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : '';
    return { refusal: `${answer.status} ${code}`, ...allowed(body) };
  }

  /** Declares bytes and sends them. Answers the store's status, and the request that was signed. */
  async upload(step: string, output: Output, bytes: Uint8Array): Promise<{ status: number; request: SignedRequest }> {
    const { answer, refusal } = await this.ask({
      ...{ kind: 'declare', step, output },
      ...{ size: bytes.length, sha256: sha256(bytes) },
    });
    if (answer?.kind !== 'upload') throw new Error(`the exchange refused: ${refusal}`);
    return { status: await put(answer.request, bytes), request: answer.request };
  }

  uploadJson(step: string, output: Output, value: unknown) {
    return this.upload(step, output, utf8(JSON.stringify(value)));
  }
}

function allowed(body: unknown): { answer?: z.infer<typeof exchangeResponseSchema> } {
  const parsed = responseSchema.safeParse(body);
  return parsed.success ? { answer: parsed.data } : {};
}

/** Sends bytes with a signed request; answers the status. */
export async function put(request: Pick<SignedRequest, 'url' | 'headers'>, bytes: Uint8Array): Promise<number> {
  const answer = await fetch(request.url, { method: 'PUT', headers: request.headers, body: Buffer.from(bytes) });
  await answer.arrayBuffer();
  return answer.status;
}
