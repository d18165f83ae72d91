import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { EngineError, type FieldError } from '../core/errors.ts';
import { originListSchema } from '../core/wiring/cors.ts';
import { hostListSchema } from '../core/wiring/host-list.ts';
import { mirrorSourcesSchema } from '../core/wiring/mirror-sources.ts';
import { isWholeOidc, oidcSettings } from '../core/wiring/oidc.ts';
import { tierNames, usualTier } from '../core/wiring/plan-tiers.ts';
import { noProxySchema, proxyAddressSchema } from '../core/wiring/proxy.ts';
import { rateLimitSchema } from '../core/wiring/rate-limit.ts';
import { snapshotTemplateSchema } from '../core/wiring/snapshot-template.ts';
import { builderRootPlace } from './builder-root-place.ts';

const address = z.url({ protocol: /^https?$/ });

const valuesSchema = z.strictObject({
  directory: z.string().min(1),
  builderRoot: z.string().min(1),
  packageCache: z.string().min(1),
  port: z.coerce.number().int().min(0).max(65_535),
  mode: z.enum(['contained', 'privileged']),
  slots: z.coerce.number().int().min(1).max(64),
  archive: address.optional(),
  archiveSecurity: address.optional(),
  archiveUbuntu: address.optional(),
  archiveUbuntuSecurity: address.optional(),
  archiveFallbackHours: z.coerce.number().int().min(0).max(720),
  archivePrivateHosts: hostListSchema.optional(),
  archiveSnapshot: snapshotTemplateSchema.optional(),
  webhookPrivateHosts: hostListSchema.optional(),
  vulnerabilityData: mirrorSourcesSchema.optional(),
  proxy: proxyAddressSchema.optional(),
  noProxy: noProxySchema.optional(),
  defaultTier: z.enum(tierNames),
  cacheLimitGib: z.coerce.number().int().min(1).max(1_000_000),
  oidcIssuer: oidcSettings.issuer.optional(),
  oidcAudience: oidcSettings.audience.optional(),
  oidcTenantClaim: oidcSettings.tenantClaim,
  corsOrigins: originListSchema.optional(),
  requestBurst: z.coerce.number().pipe(rateLimitSchema.shape.burst),
  requestsPerSecond: z.coerce.number().pipe(rateLimitSchema.shape.perSecond),
  warmsPresets: z.stringbool({ truthy: ['true'], falsy: ['false'], error: 'not true or false' }),
});

const configurationSchema = valuesSchema.refine(
  ({ oidcIssuer: issuer, oidcAudience: audience, oidcTenantClaim: tenantClaim }) =>
    isWholeOidc({ issuer, audience, tenantClaim }),
  { path: ['oidcIssuer'], error: 'issuer and audience belong together' },
);
export type LocalConfiguration = z.infer<typeof configurationSchema>;

/** One builder a slot: a build keeps two cores busy and its tree, on tmpfs where there is room, wants some 4 GiB. */
function defaultSlots(): number {
  return Math.max(1, Math.min(Math.floor(availableParallelism() / 2), Math.floor(totalmem() / (6 * 1024 ** 3))));
}

/**
 * Reads the engine's configuration from options (`--port 0`) and, below them, the environment (`LBUILD_PORT`).
 * @throws EngineError configuration.invalid with every wrong value at once.
 */
export function readConfiguration(
  options: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): LocalConfiguration {
  const value = (name: string, variable: string): string | undefined => options[name] ?? environment[variable];
  const directory = resolve(value('dir', 'LBUILD_DIR') ?? '.lbuild');
  const cache = resolve(value('cache', 'LBUILD_CACHE') ?? join(import.meta.dirname, '../.cache'));
  const parsed = configurationSchema.safeParse({
    directory,
    builderRoot: value('builder-root', 'LBUILD_BUILDER_ROOT') ?? builderRootPlace(cache).directory,
    packageCache: value('package-cache', 'LBUILD_PACKAGE_CACHE') ?? `${cache}/packages`,
    port: value('port', 'LBUILD_PORT') ?? 0,
    mode: value('mode', 'LBUILD_MODE') ?? 'contained',
    slots: value('slots', 'LBUILD_SLOTS') ?? defaultSlots(),
    archive: value('archive', 'LBUILD_ARCHIVE'),
    archiveSecurity: value('archive-security', 'LBUILD_ARCHIVE_SECURITY'),
    archiveUbuntu: value('archive-ubuntu', 'LBUILD_ARCHIVE_UBUNTU'),
    archiveUbuntuSecurity: value('archive-ubuntu-security', 'LBUILD_ARCHIVE_UBUNTU_SECURITY'),
    archiveSnapshot: value('archive-snapshot', 'LBUILD_ARCHIVE_SNAPSHOT'),
    archivePrivateHosts: value('archive-private-hosts', 'LBUILD_ARCHIVE_PRIVATE_HOSTS'),
    webhookPrivateHosts: value('webhook-private-hosts', 'LBUILD_WEBHOOK_PRIVATE_HOSTS'),
    archiveFallbackHours: value('archive-fallback-hours', 'LBUILD_ARCHIVE_FALLBACK_HOURS') ?? 24,
    vulnerabilityData: value('vulnerability-data', 'LBUILD_VULNERABILITY_DATA'),
    proxy: value('proxy', 'LBUILD_PROXY'),
    noProxy: value('proxy-bypass', 'LBUILD_NO_PROXY'),
    defaultTier: value('default-tier', 'LBUILD_DEFAULT_TIER') ?? usualTier,
    cacheLimitGib: value('cache-limit-gib', 'LBUILD_CACHE_LIMIT_GIB') ?? 20,
    oidcIssuer: value('oidc-issuer', 'LBUILD_OIDC_ISSUER'),
    oidcAudience: value('oidc-audience', 'LBUILD_OIDC_AUDIENCE'),
    oidcTenantClaim: value('oidc-tenant-claim', 'LBUILD_OIDC_TENANT_CLAIM'),
    corsOrigins: value('cors-origins', 'LBUILD_CORS_ORIGINS'),
    // One machine serves its owner: this ends loops that run away, and slows nobody else.
    requestBurst: value('request-burst', 'LBUILD_REQUEST_BURST') ?? 4_000,
    requestsPerSecond: value('requests-per-second', 'LBUILD_REQUESTS_PER_SECOND') ?? 2_000,
    // A machine of one's own is not put to work unasked.
    warmsPresets: value('warms-presets', 'LBUILD_WARMS_PRESETS') ?? 'false',
  });
  if (parsed.success) return parsed.data;
  const fields: FieldError[] = parsed.error.issues.map((issue) => ({
    path: issue.path.join('.'),
    code: 'configuration.invalid',
    reason: issue.message,
    remedy: `Correct --${issue.path.join('-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.`,
  }));
  throw new EngineError('configuration.invalid', fields.map((field) => `${field.path}: ${field.reason}`).join('; '), {
    fields,
  });
}
