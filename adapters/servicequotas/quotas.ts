import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { isNamed, serviceFailure } from '../aws/service-failure.ts';

/** Codes of the account's quotas that limit builds (Service Quotas console, "Quota code"). */
const codes = {
  lambdaConcurrency: { ServiceCode: 'lambda', QuotaCode: 'L-B99A9384' },
  fargateVcpus: { ServiceCode: 'fargate', QuotaCode: 'L-3032A538' },
} as const;

/** What the account may have at once in the client's region. */
export interface AccountQuotas {
  /** Lambda executions. */
  readonly lambdaConcurrency: number;
  /** vCPUs of on-demand Fargate tasks. */
  readonly fargateVcpus: number;
}

/** vCPUs of a builder task of the usual size (2,048 CPU units). */
const builderVcpus = 2;
/**
 * Executions of Lambda that one running build can hold at once: a log reader on its long poll, its builder's exchange,
 * a state machine's function, an event's function.
 */
const lambdasPerBuild = 4;

/**
 * Reads the applied quotas of the account, or the service's defaults where none was ever applied.
 * @throws EngineError service.unavailable
 */
export async function readAccountQuotas(client: ServiceQuotasClient): Promise<AccountQuotas> {
  const [lambdaConcurrency, fargateVcpus] = await Promise.all([
    readQuota(client, codes.lambdaConcurrency),
    readQuota(client, codes.fargateVcpus),
  ]);
  return { lambdaConcurrency, fargateVcpus };
}

/** Builds that may run at once under these quotas: the value for the deployment's `concurrentBuilds`. */
export function concurrentBuildsUnder(quotas: AccountQuotas): number {
  return Math.max(
    0,
    Math.min(Math.floor(quotas.fargateVcpus / builderVcpus), Math.floor(quotas.lambdaConcurrency / lambdasPerBuild)),
  );
}

/** Executions that Lambda keeps unreserved in an account that has more. */
const unreservedLambdas = 100;

/**
 * Runs of plugins that a deployment may reserve under these quotas: a fifth of what can be reserved, so that the engine
 * keeps the rest. 0: nothing can be.
 */
export function concurrentPluginsUnder({ lambdaConcurrency }: Pick<AccountQuotas, 'lambdaConcurrency'>): number {
  return Math.max(0, Math.floor((lambdaConcurrency - unreservedLambdas) / 5));
}

async function readQuota(
  client: ServiceQuotasClient,
  code: { readonly ServiceCode: string; readonly QuotaCode: string },
): Promise<number> {
  try {
    const applied = await client.send(new GetServiceQuotaCommand(code));
    if (applied.Quota?.Value !== undefined) return applied.Quota.Value;
  } catch (error) {
    if (!isNamed(error, 'NoSuchResourceException')) throw serviceFailure('Service Quotas', error);
  }
  try {
    const standard = await client.send(new GetAWSDefaultServiceQuotaCommand(code));
    return standard.Quota?.Value ?? 0;
  } catch (error) {
    throw serviceFailure('Service Quotas', error);
  }
}
