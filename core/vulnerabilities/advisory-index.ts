import type { Advisory } from './advisory.ts';
import type { AdvisorySet } from './merge.ts';

/** Advisories as scans ask for them. */
export interface AdvisoryIndex {
  /** The data that they are of, without themselves. */
  readonly data: Omit<AdvisorySet, 'advisories' | 'releases'> & { readonly advisories: number };
  /** Whether there is data of a release at all. */
  covers(release: string): boolean;
  /** All advisories of a source package of a release. */
  of(release: string, source: string): readonly Advisory[];
}

/** Orders advisories by release and source package: releases of two distributions never share a name. */
export function indexAdvisories({ advisories, releases, ...data }: AdvisorySet): AdvisoryIndex {
  const byRelease = new Map<string, Map<string, Advisory[]>>();
  for (const advisory of advisories) {
    const bySource = byRelease.get(advisory.release) ?? new Map<string, Advisory[]>();
    const known = bySource.get(advisory.source);
    if (known === undefined) bySource.set(advisory.source, [advisory]);
    else known.push(advisory);
    byRelease.set(advisory.release, bySource);
  }
  return {
    data: { ...data, advisories: advisories.length },
    covers: (release) => releases.has(release),
    of: (release, source) => byRelease.get(release)?.get(source) ?? [],
  };
}
