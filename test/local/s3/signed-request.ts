import { request as httpRequest } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

/** The keys of the servers that these tests start. */
export const keys = { accessKeyId: 'AKTEST', secretAccessKey: 'secret-for-tests' };

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * Sends a request signed by header, and, unlike an SDK, with just the headers and the body given: `payload` is what is
 * signed for the body, `body` what is sent (nothing where undefined, so that a declared length can stay unmet).
 */
export async function sendSigned(
  endpoint: string,
  options: {
    method: string;
    path: string;
    query?: Record<string, string>;
    headers?: Record<string, string>;
    payload?: string;
    body?: string | Uint8Array;
    now?: Date;
    region?: string;
  },
): Promise<Answer> {
  const { host } = new URL(endpoint);
  const signer = new SignatureV4({
    service: 's3',
    region: options.region ?? 'us-east-1',
    credentials: keys,
    sha256: Sha256,
    uriEscapePath: false,
  });
  const path = options.path.split('/').map(encode).join('/');
  const signed = await signer.sign(
    {
      method: options.method,
      protocol: 'http:',
      hostname: host,
      path,
      query: options.query ?? {},
      headers: { host, 'x-amz-content-sha256': options.payload ?? 'UNSIGNED-PAYLOAD', ...options.headers },
    },
    { signingDate: options.now ?? new Date() },
  );
  const query = new URLSearchParams(options.query).toString().replaceAll('+', '%20');
  return send(endpoint, `${path}${query === '' ? '' : `?${query}`}`, options.method, signed.headers, options.body);
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) =>
    `%${character.charCodeAt(0).toString(16)}`.toUpperCase(),
  );
}

/** Sends a request as it is, its path not normalised. Where it expects `100-continue`, the body waits for that, and is never sent without it. */
export function send(
  endpoint: string,
  target: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: string | Uint8Array,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(endpoint, { method, path: target, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    if (headers.expect === undefined) request.end(body);
    else {
      request.on('continue', () => request.end(body));
      request.flushHeaders();
    }
  });
}

/** The code of an error document. */
export function codeOf(answer: Answer): string | undefined {
  return /<Code>(.*?)<\/Code>/.exec(answer.body)?.[1];
}
