import { z } from 'zod';
import { fusings } from '../plan/stages.ts';
import { tierNames } from '../quota/tiers.ts';
import { architectures, outputTypes } from '../spec/releases.ts';
import { oidcSchema } from '../wiring/oidc.ts';
import { rateLimitSchema } from '../wiring/rate-limit.ts';

/** How builders work: with a container's rights, or as root of a machine. What they make is the same. */
export const builderModes = ['contained', 'privileged'] as const;
export type BuilderMode = (typeof builderModes)[number];

/** What this installation is and can do; read once from configuration. */
export const installationSchema = z.strictObject({
  /** Address under which builders and users reach the API, without a trailing slash. */
  apiUrl: z.url(),
  /** Digest of the builder root. */
  toolchain: z.string().min(1),
  mode: z.enum(builderModes),
  architectures: z.array(z.enum(architectures)).min(1),
  outputs: z.array(z.enum(outputTypes)).min(1),
  /** Secret (at least 32 random bytes, base64url) that signs page cursors. */
  cursorSecret: z.string().min(43),
  /** Builds that may run at once in the whole installation. */
  concurrentBuilds: z.number().int().min(1),
  /** Of these, builds of one tenant. */
  concurrentBuildsPerTenant: z.number().int().min(1),
  /** Tier of tenants that were given none (core/quota/tiers.ts); absent: without limits. */
  defaultTier: z.enum(tierNames).optional(),
  /** Of these, builds of one team, of one member, with one API key; absent: as many as of a tenant. */
  concurrentBuildsPerTeam: z.number().int().min(1).optional(),
  concurrentBuildsPerMember: z.number().int().min(1).optional(),
  concurrentBuildsPerKey: z.number().int().min(1).optional(),
  /** Builds that may wait at once, and of these those of one tenant; absent: as core/queue/places-in-queue.ts says. */
  queuedBuilds: z.number().int().min(1).optional(),
  queuedBuildsPerTenant: z.number().int().min(1).optional(),
  /** How fast builds may start; absent: as fast as they come. */
  launchRate: z.strictObject({ perSecond: z.number().positive(), burst: z.number().int().min(1) }).optional(),
  /** Stages of one build that may run at once; a plan has at most 40. */
  stagesPerBuild: z.number().int().min(1).max(40),
  /** Builders run on spare capacity first (Fargate Spot), and on demand after an interruption. */
  spot: z.boolean(),
  /** Bytes of layers, indexes and modules above which the least recently used go. */
  cacheLimitBytes: z.number().int().min(1),
  /** Of these, those of each tenant, and those that all share; absent: no limit of their own. */
  cacheLimitBytesPerTenant: z.number().int().min(1).optional(),
  cacheLimitBytesShared: z.number().int().min(1).optional(),
  /** A schedule builds the shared part of each preset where the archive's state has changed. */
  warmsPresets: z.boolean(),
  /** Hosts with private addresses that archives of a spec may be at; none where absent. */
  privateArchiveHosts: z.array(z.string()).optional(),
  /** Hosts with private addresses that webhooks may be at, also without TLS; none where absent. */
  webhookPrivateHosts: z.array(z.string()).optional(),
  /** How often a key may ask; as often as it likes where absent, as in tests. */
  rateLimit: rateLimitSchema.optional(),
  /** Whose tokens are taken beside API keys; absent: nobody's. */
  oidc: oidcSchema.optional(),
  /** It knows an archive of snapshots. */
  snapshots: z.boolean().optional(),
  /** How plans fuse steps into stages. No configuration sets it: absent is by cost, the rest is for proofs. */
  fusing: z.enum(fusings).optional(),
});
export type Installation = z.infer<typeof installationSchema>;
