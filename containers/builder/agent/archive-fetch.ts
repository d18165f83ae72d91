import { createGuardedFetch } from '../../../adapters/network/guarded-fetch.ts';
import type { Manifest } from '../../../core/builds/manifest.ts';
import { sourceOf } from '../../../core/plan/archive-state.ts';
import type { ArchiveFetch } from './archive-download.ts';

/**
 * Asks the operator's archives wherever they are, and every other address only where it is public or the operator
 * allows its host: a tenant chose it, or an index of the tenant's did.
 */
export function archiveFetch(manifest: Pick<Manifest, 'archive' | 'privateArchiveHosts'>): ArchiveFetch {
  const trusted = manifest.archive.suites.map((suite) => new URL(`${sourceOf(suite)}/`).href);
  const guarded = createGuardedFetch(manifest.privateArchiveHosts ?? []);
  return (address, init) => {
    // As it is asked for: an index may name a file with `..` in its path.
    const { href } = new URL(address);
    return trusted.some((base) => href.startsWith(base)) ? fetch(address, init) : guarded(address, init);
  };
}
