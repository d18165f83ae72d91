import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import { EngineError } from '../../core/errors.ts';
import { serviceFailure } from '../aws/service-failure.ts';

const answerSchema = z.object({ SecretString: z.string().min(1) });
/** The one secret is read once, as a function starts. */
const timeoutMilliseconds = 5_000;

/** Access keys as every AWS client holds them. */
export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Reads the current value of a secret from Secrets Manager: one signed request, which costs less of a function's cold
 * start than a client of its own would.
 * @param options.endpoint Address of the service, such as https://secretsmanager.eu-central-1.amazonaws.com.
 * @throws EngineError service.unavailable; the answer's text, which could hold the secret, is not in it.
 */
export async function readSecret(options: {
  readonly endpoint: string;
  readonly region: string;
  readonly secretId: string;
  readonly credentials: () => Promise<AccessKeys>;
}): Promise<string> {
  const endpoint = new URL(options.endpoint);
  const signer = new SignatureV4({
    service: 'secretsmanager',
    region: options.region,
    credentials: options.credentials,
    sha256: Sha256,
  });
  const body = JSON.stringify({ SecretId: options.secretId });
  try {
    const signed = await signer.sign({
      method: 'POST',
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      ...(endpoint.port === '' ? {} : { port: Number(endpoint.port) }),
      path: '/',
      headers: {
        host: endpoint.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      },
      body,
    });
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: signed.headers,
      body,
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`status ${response.status}`);
    const parsed: unknown = JSON.parse(text);
    return answerSchema.parse(parsed).SecretString;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw serviceFailure('Secrets Manager', error);
  }
}

/** Address of Secrets Manager in a region. */
export function secretsEndpoint(region: string): string {
  return `https://secretsmanager.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
}
