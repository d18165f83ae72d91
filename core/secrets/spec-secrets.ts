import { EngineError, type FieldError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { buildArchives, passwordSecret } from '../spec/configuration/archives.ts';
import { type FieldPath, valueAt } from '../spec/field-path.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { specError } from '../spec/spec-errors.ts';
import { quoted } from '../text.ts';
import { findSecret, missingSecret } from './secret-repository.ts';

/** Names of the secrets that a build of a spec needs, sorted, each once. */
export function secretsOfSpec(spec: Pick<ResolvedSpec, 'archives'>): string[] {
  const names = buildArchives(spec.archives).flatMap((archive) => passwordSecret(archive) ?? []);
  return [...new Set(names)].sort();
}

/** The present versions of the secrets that a spec names, by name; those that the tenant has not are left out. */
async function presentVersions(table: Table, tenantId: string, names: readonly string[]): Promise<Map<string, number>> {
  const found = await Promise.all(names.map((name) => findSecret(table, tenantId, name)));
  return new Map(found.flatMap((secret) => (secret === undefined ? [] : [[secret.name, secret.version]])));
}

/**
 * What is wrong with the secrets that a valid spec names: the tenant has them not.
 * @param given the spec as it was sent: errors name its fields
 */
export async function secretErrors(
  table: Table,
  tenantId: string,
  spec: ResolvedSpec,
  given: unknown,
): Promise<FieldError[]> {
  const names = secretsOfSpec(spec);
  const known = await presentVersions(table, tenantId, names);
  return (spec.archives ?? []).flatMap((_, index) => {
    const path: FieldPath = ['archives', index, 'credentials', 'password', 'secret'];
    const name = valueAt(given, path);
    if (typeof name !== 'string' || !names.includes(name) || known.has(name)) return [];
    const reason = `you have no secret ${quoted(name)}`;
    const remedy = `Set it first (\`lbuild secrets set ${name}\`), or name one that \`lbuild secrets list\` shows.`;
    return [specError(path, { code: 'spec.unknown_secret', reason, remedy })];
  });
}

/**
 * As `secretErrors`, for a spec of which a build is started.
 * @throws EngineError spec.invalid
 */
export async function needSecrets(table: Table, tenantId: string, spec: ResolvedSpec, given: unknown): Promise<void> {
  const fields = await secretErrors(table, tenantId, spec, given);
  if (fields.length > 0) throw new EngineError('spec.invalid', `The spec has ${fields.length} error(s).`, { fields });
}

/**
 * The present versions of the secrets that a spec is built with, by name. They are in the plan, and by that in keys.
 * @throws EngineError secret.not_found
 */
export async function secretVersions(
  table: Table,
  tenantId: string,
  spec: Pick<ResolvedSpec, 'archives'>,
): Promise<ReadonlyMap<string, number>> {
  const names = secretsOfSpec(spec);
  const known = await presentVersions(table, tenantId, names);
  for (const name of names) if (!known.has(name)) throw missingSecret(name);
  return known;
}
