import { z } from 'zod';
import { EngineError, type FieldError } from '../core/errors.ts';
import { originListSchema } from '../core/wiring/cors.ts';
import { hostListSchema } from '../core/wiring/host-list.ts';
import { webSourcesSchema } from '../core/wiring/mirror-sources.ts';
import { isWholeOidc, oidcSettings } from '../core/wiring/oidc.ts';
import { tierNames, usualTier } from '../core/wiring/plan-tiers.ts';
import { noProxySchema, proxyAddressSchema } from '../core/wiring/proxy.ts';
import { rateLimitSchema } from '../core/wiring/rate-limit.ts';
import { snapshotTemplateSchema } from '../core/wiring/snapshot-template.ts';

/** `-c name=value` gives strings; cdk.json gives what JSON has. */
const flag = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })], {
  error: 'not true or false',
});
const address = z
  .url({ protocol: /^https?$/, error: 'not an http or https address' })
  .refine((url) => !url.includes('@'), 'an address without a password');

/** A cap of some kind of owner; none unless given. */
const perOwner = z.coerce.number().int().min(1).max(10_000).optional();
const cacheShare = z.coerce.number().int().min(1).max(1_000_000).optional();

/** Conditions over several values are checked also where one of the values is wrong: all errors come at once. */
const always = (): boolean => true;

/** The values that are about tokens, by their short names. */
const oidcValues = (values: {
  readonly 'oidc.issuer'?: string | undefined;
  readonly 'oidc.audience'?: string | undefined;
  readonly 'oidc.tenantClaim'?: string | undefined;
}) => ({
  ...{ issuer: values['oidc.issuer'], audience: values['oidc.audience'] },
  tenantClaim: values['oidc.tenantClaim'],
});

/** Context of a deployment: `-c name=value`, or a member of "context" in cdk.json. */
const contextSchema = z
  .object({
    'archives.debian': address.describe('Base address of the Debian archive that images are built from.'),
    'archives.debianSecurity': address.optional().describe('Base address of the security archive.'),
    'archives.ubuntu': address.optional().describe('Base address of the Ubuntu archive; without it none is built.'),
    'archives.ubuntuSecurity': address
      .optional()
      .describe('Base address of its security suites; without it they are read from archives.ubuntu.'),
    'archives.fallbackHours': z.coerce
      .number()
      .int()
      .min(0)
      .max(720)
      .default(24)
      .describe('Hours for which the last known state of an archive that does not answer is planned with; 0: never.'),
    'archives.snapshot': snapshotTemplateSchema
      .optional()
      .describe('Address of an archive that keeps old states, with {archive} and {timestamp} in it.'),
    'archives.privateHosts': hostListSchema
      .optional()
      .describe('Hosts with private addresses at which archives of specs may be, parted by commas.'),
    'webhooks.privateHosts': hostListSchema
      .optional()
      .describe('Hosts with private addresses that webhooks may be at, also without TLS, parted by commas.'),
    'vulnerabilities.sources': webSourcesSchema
      .optional()
      .describe('Addresses of mirrored vulnerability data, parted by commas; without them nothing is scanned.'),
    proxy: proxyAddressSchema
      .refine((url) => !url.includes('@'), 'an address without a password, which the template would show')
      .optional()
      .describe('Web proxy that archives, and the sites of scripts with network, are asked through.'),
    noProxy: noProxySchema.optional().describe('Hosts that are asked without it, parted by commas.'),
    stackName: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,29}$/, 'a lower-case letter, then up to 29 of a-z, 0-9 and -')
      .refine((name) => !/^(aws|ecs|fargate)/.test(name), 'a name that does not begin with aws, ecs or fargate')
      .default('lbuild'),
    architecture: z.enum(['amd64', 'arm64']).default('amd64').describe('Architecture of the builders and images.'),
    capacity: z.enum(['fargate', 'managed-instances']).default('fargate'),
    trustedTenants: flag.default(false).describe('The operator vouches that tenants do not attack each other.'),
    singleTenant: flag.default(false).describe('The installation will hold one tenant.'),
    nat: flag.default(false).describe('Builders in private subnets behind a NAT gateway.'),
    concurrentBuilds: z.coerce.number().int().min(1).max(10_000).default(2),
    concurrentBuildsPerTenant: z.coerce
      .number()
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Of these, builds of one tenant; all of them unless given.'),
    defaultTier: z
      .enum(tierNames)
      .default(usualTier)
      .describe('Plan tier of tenants that the operator gave none: free, team, business or unlimited.'),
    concurrentBuildsPerTeam: perOwner.describe('Of these, builds of one team.'),
    concurrentBuildsPerMember: perOwner.describe('Of these, builds that one member asked for.'),
    concurrentBuildsPerKey: perOwner.describe('Of these, builds that one API key asked for.'),
    concurrentPlugins: z.coerce
      .number()
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Runs of plugins at once, reserved for them; as many as the account has left unless given.'),
    queuedBuilds: z.coerce.number().int().min(1).max(100_000).default(10_000).describe('Builds that may wait at once.'),
    queuedBuildsPerTenant: z.coerce
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(2_000)
      .describe('Of these, builds of one tenant.'),
    startsPerSecond: z.coerce
      .number()
      .positive()
      .max(1_000)
      .default(10)
      .describe('Builds that start a second: half of what Fargate launches, which later stages need too.'),
    startBurst: z.coerce
      .number()
      .int()
      .min(1)
      .max(1_000)
      .default(50)
      .describe('Builds that start at once before that.'),
    stagesPerBuild: z.coerce.number().int().min(1).max(40).default(10).describe('Builders of one build at once.'),
    spot: flag.default(false).describe('Builders on Fargate Spot first, and on demand after an interruption.'),
    cacheLimitGiB: z.coerce
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(500)
      .describe('Size of the layer cache above which what was not used for the longest time goes.'),
    cacheLimitGiBPerTenant: cacheShare.describe(
      'Of these, what is of one tenant alone; no limit of its own unless given.',
    ),
    cacheLimitGiBShared: cacheShare.describe('Of these, what all tenants share; no limit of its own unless given.'),
    warmsPresets: flag
      .default(true)
      .describe('Build what the presets share ahead of need, each time that the archive has changed.'),
    'oidc.issuer': oidcSettings.issuer.optional().describe('Issuer whose JWTs are taken beside API keys.'),
    'oidc.audience': oidcSettings.audience.optional().describe('What `aud` of its tokens must be or hold.'),
    'oidc.tenantClaim': oidcSettings.tenantClaim.describe('Claim of its tokens that must be the tenant’s id.'),
    'requests.burst': z.coerce
      .number()
      .pipe(rateLimitSchema.shape.burst)
      .default(200)
      .describe('Requests that a key may make at once, after a rest.'),
    'requests.perSecond': z.coerce
      .number()
      .pipe(rateLimitSchema.shape.perSecond)
      .default(20)
      .describe('Requests a second that a key may make all the time.'),
    'cors.origins': originListSchema.optional().describe('Origins whose pages may call the API, parted by commas.'),
    auditRetentionDays: z.coerce
      .number()
      .int()
      .min(1)
      .max(36_500)
      .default(365)
      .describe('Days for which nobody can change or delete the copies of audit logs.'),
    logRetentionDays: z.coerce
      .number()
      .pipe(z.literal([7, 14, 30, 60, 90, 180, 365]))
      .default(30),
    alarmTopicArn: z.string().startsWith('arn:').optional().describe('SNS topic that alarms are sent to.'),
  })
  .refine((values) => values.capacity !== 'managed-instances' || values.trustedTenants || values.singleTenant, {
    path: ['capacity'],
    error: 'Managed Instances share a host between tasks, and a privileged builder owns its host',
    params: { remedy: 'set singleTenant=true or trustedTenants=true, or use capacity=fargate' },
    when: always,
  })
  .refine((values) => isWholeOidc(oidcValues(values)), {
    path: ['oidc.issuer'],
    error: 'issuer and audience belong together',
    params: { remedy: 'set both oidc.issuer and oidc.audience, or neither of the three' },
    when: always,
  })
  .refine((values) => values.capacity !== 'managed-instances' || !values.spot, {
    path: ['spot'],
    error: 'only Fargate has Spot here',
    params: { remedy: 'set spot=false, or use capacity=fargate' },
    when: always,
  })
  .refine((values) => values.capacity !== 'managed-instances' || values.nat, {
    path: ['nat'],
    error: 'tasks on Managed Instances get no public address, and need a NAT gateway to reach the API',
    params: { remedy: 'set nat=true, or use capacity=fargate' },
    when: always,
  });

/** Names of the context values that are read; all others belong to the CDK. */
export const contextNames = Object.keys(contextSchema.shape);
export type Configuration = z.infer<typeof contextSchema>;

/**
 * Reads the configuration of a deployment.
 * @throws ConfigurationErrors with all that is missing or wrong.
 */
export function parseConfiguration(read: (name: string) => unknown): Configuration {
  const parsed = contextSchema.safeParse(Object.fromEntries(contextNames.map((name) => [name, read(name)])));
  if (parsed.success) return parsed.data;
  throw new ConfigurationErrors(parsed.error.issues.map(asError));
}

/** Everything that is wrong with a deployment's configuration. */
export class ConfigurationErrors extends Error {
  readonly errors: readonly EngineError[];
  constructor(errors: readonly EngineError[]) {
    super(errors.map((error) => `${error.message}\n  ${error.fields[0]?.remedy ?? error.remedy}`).join('\n'));
    this.name = 'ConfigurationErrors';
    this.errors = errors;
  }
}

function asError(issue: z.core.$ZodIssue): EngineError {
  const path = issue.path.join('.');
  if (path === 'archives.debian' && issue.code === 'invalid_type') {
    return new EngineError('archive.not_configured', 'archives.debian is not set.');
  }
  const given = issue.code === 'custom' ? issue.params?.remedy : undefined;
  const field: FieldError = {
    path,
    code: 'context.invalid',
    reason: issue.message,
    remedy: typeof given === 'string' ? given : `give another value: -c ${path}=VALUE`,
  };
  return new EngineError('configuration.invalid', `${path}: ${issue.message}.`, { fields: [field] });
}
