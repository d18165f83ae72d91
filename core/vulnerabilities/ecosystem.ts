import { type DistributionName, distributions } from '../distributions/registry.ts';

/** A release that is built here. */
export interface KnownRelease {
  readonly distribution: DistributionName;
  readonly release: string;
}

/** By the names that OSV has for them: `Debian:12`, `Debian:sid`, `Ubuntu:24.04`. */
const byEcosystem: ReadonlyMap<string, KnownRelease> = new Map(
  Object.values(distributions).flatMap(({ name, title, releases }) =>
    Object.entries(releases).flatMap(([release, { version }]) => [
      [`${title}:${version}`, { distribution: name, release }] as const,
      [`${title}:${release}`, { distribution: name, release }] as const,
    ]),
  ),
);

/**
 * The release of an ecosystem of OSV; undefined where none is built here. Ubuntu's name ends in `:LTS` for a release
 * with long-term support; `Ubuntu:Pro:24.04:LTS` is what subscribers get, from archives that images here do not have.
 */
export function releaseOfEcosystem(ecosystem: string): KnownRelease | undefined {
  return byEcosystem.get(ecosystem.replace(/:LTS$/, ''));
}

/** Whether an ecosystem is a distribution as a whole: versions of one release say nothing of another. */
export function namesNoRelease(ecosystem: string): boolean {
  return Object.values(distributions).some(({ title }) => title === ecosystem);
}
