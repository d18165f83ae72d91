import { z } from 'zod';
import { EngineError } from '../../../core/errors.ts';
import { installationSchema } from '../../../core/tenancy/installation.ts';
import { environmentNames } from '../../../core/wiring/environment.ts';
import { webSourcesSchema } from '../../../core/wiring/mirror-sources.ts';
import { oidcSettings } from '../../../core/wiring/oidc.ts';
import { noProxySchema, proxyAddressSchema } from '../../../core/wiring/proxy.ts';
import { rateLimitSchema } from '../../../core/wiring/rate-limit.ts';
import { snapshotTemplateSchema } from '../../../core/wiring/snapshot-template.ts';

const names = environmentNames;
const text = z.string().min(1);
/** A list in one variable, parted by commas. */
const list = text.transform((value) => value.split(','));
const { apiUrl, architectures, mode, outputs, toolchain } = installationSchema.shape;
const { burst, perSecond } = rateLimitSchema.shape;
const { concurrentBuilds, concurrentBuildsPerTenant, defaultTier, stagesPerBuild } = installationSchema.shape;
const cap = z.coerce.number().pipe(concurrentBuildsPerTenant).optional();

/** What a function reads from its environment on AWS. Lambda adds AWS_REGION itself. */
const environmentSchema = z.object({
  AWS_REGION: text,
  [names.apiUrl]: apiUrl,
  [names.toolchain]: toolchain,
  [names.mode]: mode,
  [names.architectures]: list.pipe(architectures),
  [names.outputs]: list.pipe(outputs),
  [names.concurrentBuilds]: z.coerce.number().pipe(concurrentBuilds),
  [names.concurrentBuildsPerTenant]: z.coerce.number().pipe(concurrentBuildsPerTenant),
  [names.defaultTier]: defaultTier,
  [names.concurrentBuildsPerTeam]: cap,
  [names.concurrentBuildsPerMember]: cap,
  [names.concurrentBuildsPerKey]: cap,
  [names.queuedBuilds]: cap,
  [names.queuedBuildsPerTenant]: cap,
  [names.startsPerSecond]: z.coerce.number().positive(),
  [names.startBurst]: z.coerce.number().int().min(1),
  [names.stagesPerBuild]: z.coerce.number().pipe(stagesPerBuild),
  [names.spot]: z.stringbool({ truthy: ['true'], falsy: ['false'] }),
  [names.cacheLimitGiB]: z.coerce.number().int().min(1),
  [names.cacheLimitGiBPerTenant]: cap,
  [names.cacheLimitGiBShared]: cap,
  [names.warmsPresets]: z.stringbool({ truthy: ['true'], falsy: ['false'] }),
  [names.requestBurst]: z.coerce.number().pipe(burst),
  [names.requestsPerSecond]: z.coerce.number().pipe(perSecond),
  [names.cursorSecretId]: text,
  [names.tableName]: text,
  [names.workBucket]: text,
  [names.artifactsBucket]: text,
  [names.auditBucket]: text,
  [names.presignRoleArn]: text,
  [names.stateMachineArn]: text,
  [names.cluster]: text,
  [names.taskFamily]: text,
  [names.eventBusName]: text,
  [names.signingKeyArn]: text,
  [names.secretKeyArn]: text,
  [names.pluginFunction]: text,
  [names.oidcIssuer]: oidcSettings.issuer.optional(),
  [names.oidcAudience]: oidcSettings.audience.optional(),
  [names.oidcTenantClaim]: oidcSettings.tenantClaim,
  [names.proxy]: proxyAddressSchema.optional(),
  [names.noProxy]: noProxySchema.optional(),
  [names.archiveDebian]: z.url(),
  [names.archiveFallbackHours]: z.coerce.number().int().min(0),
  [names.archiveDebianSecurity]: z.url().optional(),
  [names.archiveUbuntu]: z.url().optional(),
  [names.archiveUbuntuSecurity]: z.url().optional(),
  [names.archivePrivateHosts]: list.optional(),
  [names.archiveSnapshot]: snapshotTemplateSchema.optional(),
  [names.webhookPrivateHosts]: list.optional(),
  [names.vulnerabilitySources]: webSourcesSchema.optional(),
});
export type Environment = z.infer<typeof environmentSchema>;

/** Names that a function cannot start without; AWS_REGION comes from Lambda. */
export const requiredNames: readonly string[] = Object.entries(environmentSchema.shape)
  .filter(([, schema]) => !schema.safeParse(undefined).success)
  .map(([name]) => name);

/**
 * Reads the environment once, whole.
 * @throws EngineError configuration.invalid, with one entry a variable that is missing or wrong; values are not shown.
 */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = environmentSchema.safeParse(variables);
  if (parsed.success) return parsed.data;
  throw new EngineError(
    'configuration.invalid',
    `The environment is not complete: ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')}.`,
    {
      fields: parsed.error.issues.map((issue) => ({
        path: issue.path.join('.'),
        code: 'environment.invalid',
        reason: issue.message,
        remedy: 'deploy the stack again: lib/ sets every variable of core/wiring/environment.ts',
      })),
    },
  );
}
