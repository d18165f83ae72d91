import { canonicalJson } from '../digest.ts';
import type { KnownArchiveState, PackageArchive, SecretOf } from '../ports/package-archive.ts';
import { buildArchives } from '../spec/configuration/archives.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import type { ArchiveState, ArchiveSuite, ExtraArchive } from './archive-state.ts';

type Place = Pick<ArchiveSuite, 'uri' | 'suite' | 'components'>;

function placesText(archives: readonly { readonly name: string; readonly suites: readonly Place[] }[]): string {
  return canonicalJson(
    archives.map(({ name, suites }) => [name, suites.map(({ uri, suite, components }) => [uri, suite, components])]),
  );
}

/**
 * Whether a state is of the archives that a spec takes packages from beside the distribution's: the same suites and
 * components at the same addresses.
 */
export function isOfArchives(extra: readonly ExtraArchive[], spec: Pick<ResolvedSpec, 'archives'>): boolean {
  const named = buildArchives(spec.archives).map(({ name, url, suites, components }) => ({
    name,
    suites: suites.map((suite) => ({ uri: url, suite, components })),
  }));
  return placesText(extra) === placesText(named);
}

/**
 * The state of all archives that a spec is built from: the distribution's, and those that it names itself.
 * @param known `before`: the state that a build before was planned with, whose finished work is gone on with: it is
 *   taken as it is, and of the spec's archives where they are the same; `secretOf`: gives a secret of the spec's tenant
 * @throws EngineError archive.not_configured, archive.snapshot_not_configured, archive.unreachable,
 *   archive.unauthorized, archive.untrusted; what `secretOf` throws
 */
export async function specArchiveState(
  archive: PackageArchive,
  spec: ResolvedSpec,
  { before, secretOf }: { readonly before?: ArchiveState | undefined; readonly secretOf: SecretOf },
): Promise<KnownArchiveState> {
  const { release, architecture, snapshot } = spec.base;
  const named = buildArchives(spec.archives);
  const known = before?.extra ?? [];
  const [own, extra] = await Promise.all([
    before ?? archive.state(release, architecture, snapshot),
    named.length === 0 || isOfArchives(known, spec) ? known : archive.extra(named, architecture, secretOf),
  ]);
  const { extra: _, ...base } = own;
  return named.length === 0 ? base : { ...base, extra };
}
