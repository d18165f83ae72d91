import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import { EngineError } from '../../core/errors.ts';
import { pluginFailures } from '../../core/plugins/failures.ts';
import { logLevels, type PluginOutcome, type PluginRunner } from '../../core/ports/plugin-runner.ts';
import { serviceFailure } from '../aws/service-failure.ts';
import { sizeFault } from '../quickjs/size-fault.ts';
import type { AccessKeys } from '../secretsmanager/secret-value.ts';

export interface PluginInvokerOptions {
  /** Address of Lambda, such as https://lambda.eu-central-1.amazonaws.com. */
  readonly endpoint: string;
  readonly region: string;
  readonly functionName: string;
  readonly credentials: () => Promise<AccessKeys>;
}

const amount = z.number().min(0);
const figures = {
  log: z.strictObject({
    lines: z.array(z.strictObject({ level: z.enum(logLevels), text: z.string() })),
    truncated: z.boolean(),
  }),
  fetches: z.array(
    z.strictObject({ host: z.string(), status: z.number().exactOptional(), reason: z.string().exactOptional() }),
  ),
  ...{ milliseconds: amount, cpuMilliseconds: amount, memoryBytes: amount },
};
const failureCode = z.custom<keyof typeof pluginFailures>(
  (code) => typeof code === 'string' && Object.hasOwn(pluginFailures, code),
);
/** What the function answers; a run that it could not begin is told apart from its outcome. */
const answerSchema: z.ZodType<PluginOutcome | { readonly unavailable: true }> = z.union([
  z.strictObject({ ...figures, ok: z.literal(true), output: z.json() }),
  z.strictObject({ ...figures, ok: z.literal(false), code: failureCode, reason: z.string() }),
  z.strictObject({ unavailable: z.literal(true) }),
]);

/**
 * Runs plugins in a Lambda function that may do nothing, on machines of their tenant alone: one signed request a run, which
 * names the tenant.
 */
export function createPluginInvoker(options: PluginInvokerOptions): PluginRunner {
  const endpoint = new URL(options.endpoint);
  const path = `/2015-03-31/functions/${encodeURIComponent(options.functionName)}/invocations`;
  const signer = new SignatureV4({
    ...{ service: 'lambda', region: options.region, credentials: options.credentials, sha256: Sha256 },
  });
  return {
    async run(call, signal) {
      signal.throwIfAborted();
      const tooLarge = sizeFault(call, JSON.stringify(call.input));
      if (tooLarge !== undefined) return tooLarge;
      const body = JSON.stringify(call);
      try {
        const { headers } = await signer.sign({
          ...{ method: 'POST', protocol: endpoint.protocol, hostname: endpoint.hostname, path, body },
          ...(endpoint.port === '' ? {} : { port: Number(endpoint.port) }),
          headers: {
            host: endpoint.host,
            'content-type': 'application/json',
            'x-amz-invocation-type': 'RequestResponse',
            'x-amz-tenant-id': call.tenantId,
          },
        });
        const response = await fetch(new URL(path, endpoint), { method: 'POST', headers, body, signal });
        const text = await response.text();
        if (!response.ok) throw new Error(`status ${response.status}`);
        // What it says of its own failure may hold what the plugin wrote.
        if (response.headers.has('x-amz-function-error')) throw new Error('the function failed');
        const answer = answerSchema.parse(JSON.parse(text));
        if ('unavailable' in answer) throw new Error('the function could not begin the run');
        return answer;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw error instanceof EngineError ? error : serviceFailure('What runs plugins', error);
      }
    },
  };
}

/** Address of Lambda in a region. */
export function lambdaEndpoint(region: string): string {
  return `https://lambda.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
}
