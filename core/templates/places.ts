import { shardCount, shardOf } from '../builds/keys.ts';
import type { TableKey } from '../ports/table.ts';

const partitionOf = (templateId: string): string => `TEMPLATE#${templateId}`;

/** Where templates stand in the table: all of one in one partition, what finds it beside. */
export const templatePlace = (templateId: string): TableKey => ({
  partition: partitionOf(templateId),
  sort: 'TEMPLATE',
});

/** A name is one template's in its tenant. */
export const templateNamePlace = (tenantId: string, name: string): TableKey => ({
  partition: `TENANT#${tenantId}#TEMPLATES`,
  sort: name,
});

/** Counts a tenant's templates. */
export const templateCountPlace = (tenantId: string): TableKey => ({
  partition: `TENANT#${tenantId}`,
  sort: 'COUNT#templates',
});

export const versionPrefix = 'VERSION#';
/** What is told of a version; its spec is kept apart, since it may have 256 KB. */
export const versionPlace = (templateId: string, version: number): TableKey => ({
  partition: partitionOf(templateId),
  sort: `${versionPrefix}${numbered(version)}`,
});

export const bodyPrefix = 'BODY#';
/** What a version is expanded from: with all that it extends. */
export const bodyPlace = (templateId: string, version: number): TableKey => ({
  partition: partitionOf(templateId),
  sort: `${bodyPrefix}${numbered(version)}`,
});

/** What its author wrote, where that is something else: of a version that extends another. */
export const sourcePlace = (templateId: string, version: number): TableKey => ({
  partition: partitionOf(templateId),
  sort: `SOURCE#${numbered(version)}`,
});

const numbered = (version: number): string => String(version).padStart(6, '0');

export const countsPrefix = 'COUNT#';
const countPlace = (templateId: string, name: string): TableKey => ({
  partition: partitionOf(templateId),
  sort: `${countsPrefix}${name}`,
});
/** Uses, in shards: many builds of one template may be submitted at once. */
export const usesPlace = (templateId: string, buildId: string): TableKey =>
  countPlace(templateId, `uses#${shardOf(buildId)}`);
export const forksPlace = (templateId: string): TableKey => countPlace(templateId, 'forks');
/** Reviews by their rating: a transaction writes a record once, so each rating has its own. */
export const ratingPlace = (templateId: string, rating: number): TableKey => countPlace(templateId, `rating#${rating}`);

export const reviewsPrefix = 'REVIEW#';
export const reviewPlace = (templateId: string, tenantId: string, memberId: string): TableKey => ({
  partition: partitionOf(templateId),
  sort: `${reviewsPrefix}${tenantId}#${memberId}`,
});

/** That a member has built it, and that came out well. */
export const builtPlace = (templateId: string, tenantId: string, memberId: string): TableKey => ({
  partition: partitionOf(templateId),
  sort: `BUILT#${tenantId}#${memberId}`,
});

/** Whose search finds a template by its words; public ones are spread over shards. */
export const wordsOfMember = (tenantId: string, memberId: string): string =>
  `TEMPLATEWORDS#MEMBER#${tenantId}#${memberId}`;
export const wordsOfTenant = (tenantId: string): string => `TEMPLATEWORDS#TENANT#${tenantId}`;
export const wordsOfAll = (templateId: string): string => publicWords(shardOf(templateId));
const publicWords = (shard: number): string => `TEMPLATEWORDS#PUBLIC#${shard}`;
export const allPublicWords: readonly string[] = Array.from({ length: shardCount }, (_, shard) => publicWords(shard));
