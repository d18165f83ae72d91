import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { STSClient } from '@aws-sdk/client-sts';
import { createHttpArchive } from '../../../adapters/archive/http-archive.ts';
import { createPackageFiles } from '../../../adapters/archive/package-files.ts';
import { createDynamoTable } from '../../../adapters/dynamodb/dynamodb-table.ts';
import { createBuilderTasks } from '../../../adapters/ecs/builder-tasks.ts';
import { createEventBus } from '../../../adapters/eventbridge/event-bus.ts';
import { createKmsSigner } from '../../../adapters/kms/kms-signer.ts';
import { createKmsVault } from '../../../adapters/kms/kms-vault.ts';
import { createPluginInvoker, lambdaEndpoint } from '../../../adapters/lambda/plugin-invoker.ts';
import { createVulnerabilityMirror } from '../../../adapters/mirror/vulnerability-mirror.ts';
import { createTrustedFetch } from '../../../adapters/network/trusted-fetch.ts';
import { createWebhookSender } from '../../../adapters/network/webhook-sender.ts';
import { createTokenVerifier } from '../../../adapters/oidc/token-verifier.ts';
import { createAuditArchive } from '../../../adapters/s3/audit-archive.ts';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import { readSecret, secretsEndpoint } from '../../../adapters/secretsmanager/secret-value.ts';
import { createStateMachine } from '../../../adapters/stepfunctions/state-machine.ts';
import { createPresignCredentials } from '../../../adapters/sts/presign-credentials.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { rememberArchive } from '../../../core/builds/archive-memory.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { environmentNames as names } from '../../../core/wiring/environment.ts';
import { oidcOf } from '../../../core/wiring/oidc.ts';
import { proxyOf } from '../../../core/wiring/proxy.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { logger, metrics, tracer } from './observability.ts';

/**
 * The ports on AWS. Making a client opens no connection: a function gets all of them, and its role says which it may
 * use.
 * @throws EngineError configuration.invalid, service.unavailable
 */
export async function composePorts(environment: Environment): Promise<Ports> {
  const region = environment.AWS_REGION;
  const clock = createSystemClock();
  const sts = tracer.captureAWSv3Client(new STSClient({ region }));
  const presignClient = new S3Client({
    region,
    credentials: createPresignCredentials({ client: sts, roleArn: environment[names.presignRoleArn], clock }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const cursorSecret = await readSecret({
    endpoint: secretsEndpoint(region),
    region,
    secretId: environment[names.cursorSecretId],
    credentials: sts.config.credentials,
  });
  const table = createDynamoTable({
    client: tracer.captureAWSv3Client(new DynamoDBClient({ region })),
    tableName: environment[names.tableName],
  });
  const log = (message: string, facts: Readonly<Record<string, string | number>>) => logger.info(message, { ...facts });
  const blobs = createS3Blobs({
    client: tracer.captureAWSv3Client(new S3Client({ region })),
    presignClient,
    buckets: { work: environment[names.workBucket], artifacts: environment[names.artifactsBucket] },
    clock,
  });
  const proxy = proxyOf(environment[names.proxy], environment[names.noProxy]);
  const archives = {
    addresses: {
      debian: { archive: environment[names.archiveDebian], security: environment[names.archiveDebianSecurity] },
      ubuntu: { archive: environment[names.archiveUbuntu], security: environment[names.archiveUbuntuSecurity] },
    },
    snapshot: environment[names.archiveSnapshot],
    proxy,
  };
  const kms = tracer.captureAWSv3Client(new KMSClient({ region }));
  const sources = environment[names.vulnerabilitySources];
  const oidc = oidcOf({
    ...{ issuer: environment[names.oidcIssuer], audience: environment[names.oidcAudience] },
    tenantClaim: environment[names.oidcTenantClaim],
  });
  return {
    installation: {
      apiUrl: environment[names.apiUrl],
      toolchain: environment[names.toolchain],
      mode: environment[names.mode],
      architectures: environment[names.architectures],
      outputs: environment[names.outputs],
      concurrentBuilds: environment[names.concurrentBuilds],
      concurrentBuildsPerTenant: environment[names.concurrentBuildsPerTenant],
      defaultTier: environment[names.defaultTier],
      concurrentBuildsPerTeam: environment[names.concurrentBuildsPerTeam],
      concurrentBuildsPerMember: environment[names.concurrentBuildsPerMember],
      concurrentBuildsPerKey: environment[names.concurrentBuildsPerKey],
      queuedBuilds: environment[names.queuedBuilds],
      queuedBuildsPerTenant: environment[names.queuedBuildsPerTenant],
      launchRate: { perSecond: environment[names.startsPerSecond], burst: environment[names.startBurst] },
      stagesPerBuild: environment[names.stagesPerBuild],
      spot: environment[names.spot],
      cacheLimitBytes: environment[names.cacheLimitGiB] * 1024 ** 3,
      cacheLimitBytesPerTenant: bytesOf(environment[names.cacheLimitGiBPerTenant]),
      cacheLimitBytesShared: bytesOf(environment[names.cacheLimitGiBShared]),
      warmsPresets: environment[names.warmsPresets],
      privateArchiveHosts: environment[names.archivePrivateHosts],
      webhookPrivateHosts: environment[names.webhookPrivateHosts],
      snapshots: environment[names.archiveSnapshot] !== undefined,
      oidc,
      rateLimit: {
        ...{ burst: environment[names.requestBurst], perSecond: environment[names.requestsPerSecond] },
        shared: true,
      },
      cursorSecret,
    },
    table,
    blobs,
    auditArchive: createAuditArchive({
      ...{ client: tracer.captureAWSv3Client(new S3Client({ region })), bucket: environment[names.auditBucket], clock },
    }),
    flow: createStateMachine({
      client: tracer.captureAWSv3Client(new SFNClient({ region })),
      stateMachineArn: environment[names.stateMachineArn],
    }),
    tasks: createBuilderTasks({
      client: tracer.captureAWSv3Client(new ECSClient({ region })),
      cluster: environment[names.cluster],
      family: environment[names.taskFamily],
    }),
    bus: createEventBus({
      client: tracer.captureAWSv3Client(new EventBridgeClient({ region })),
      eventBusName: environment[names.eventBusName],
    }),
    archive: rememberArchive(
      createHttpArchive({
        ...archives,
        privateHosts: environment[names.archivePrivateHosts],
        ...{ clock, log },
      }),
      { ...{ table, clock, log }, fallbackHours: environment[names.archiveFallbackHours] },
    ),
    packages: createPackageFiles({ ...archives, blobs }),
    signer: createKmsSigner({ client: kms, keyArn: environment[names.signingKeyArn] }),
    vault: createKmsVault({ client: kms, keyArn: environment[names.secretKeyArn] }),
    webhooks: createWebhookSender({ privateHosts: environment[names.webhookPrivateHosts] ?? [], proxy }),
    plugins: createPluginInvoker({
      ...{ endpoint: lambdaEndpoint(region), region, functionName: environment[names.pluginFunction] },
      credentials: sts.config.credentials,
    }),
    ...(sources === undefined ? {} : { vulnerabilityMirror: createVulnerabilityMirror({ sources, proxy }) }),
    ...(oidc === undefined
      ? {}
      : { tokens: createTokenVerifier(oidc, { fetch: createTrustedFetch(proxy), clock, log }) }),
    metrics,
    clock,
    ids: createIds(clock),
  };
}

let composed: Promise<Ports> | undefined;

/** The ports of this function, made once; a failure is not kept, so that the next call tries again. */
export function portsOfFunction(): Promise<Ports> {
  composed ??= Promise.resolve()
    .then(() => composePorts(readEnvironment(process.env)))
    .catch((error: unknown) => {
      composed = undefined;
      throw error;
    });
  return composed;
}

/** Bytes of so many GiB; no limit stays none. */
function bytesOf(gibibytes: number | undefined): number | undefined {
  return gibibytes === undefined ? undefined : gibibytes * 1024 ** 3;
}
