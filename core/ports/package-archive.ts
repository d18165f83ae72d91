import type { ArchiveState, ArchiveSuite, ExtraArchive } from '../plan/archive-state.ts';
import type { SpecArchive } from '../spec/configuration/archives.ts';
import type { Architecture, ReleaseName } from '../spec/releases.ts';

/** A state of the archive, and whether it is the present one. */
export interface KnownArchiveState extends ArchiveState {
  /** Present where the archive did not answer: when this state of it was last read. */
  readonly lastReadAt?: string;
}

/** Where a suite is, without its state. */
export type ArchivePlace = Pick<ArchiveSuite, 'uri' | 'suite' | 'components' | 'snapshot'>;

/** The value of a secret, by its name, of the tenant whose spec is planned. */
export type SecretOf = (name: string) => Promise<string>;

/** Looks up the state of the configured package archive for a release, and of archives that specs name. */
export interface PackageArchive {
  /**
   * The present state, or that at the time of a snapshot, `20261101T000000Z`.
   * @throws EngineError archive.not_configured, archive.snapshot_not_configured, archive.unreachable, archive.untrusted
   */
  state(release: ReleaseName, architecture: Architecture, snapshot?: string): Promise<KnownArchiveState>;
  /**
   * The suites that packages of a release may be from, at the time of a snapshot where one is named. Nothing is asked.
   * @throws EngineError archive.not_configured, archive.snapshot_not_configured
   */
  places(release: ReleaseName, snapshot?: string): readonly ArchivePlace[];
  /**
   * The present state of archives that a spec names, whose addresses a tenant chose. It is not remembered.
   * @param secretOf gives the passwords of those that ask for one
   * @throws EngineError archive.unreachable, archive.unauthorized, archive.untrusted; what `secretOf` throws
   */
  extra(archives: readonly SpecArchive[], architecture: Architecture, secretOf: SecretOf): Promise<ExtraArchive[]>;
}
