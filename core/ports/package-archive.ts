import type { ArchiveState } from '../plan/archive-state.ts';
import type { Architecture, ReleaseName } from '../spec/releases.ts';

/** Looks up the state of the configured package archive for a release. */
export interface PackageArchive {
  /** @throws EngineError archive.not_configured, archive.unreachable */
  state(release: ReleaseName, architecture: Architecture): Promise<ArchiveState>;
}
