import { debian } from './debian.ts';
import type { Distribution, Release } from './distribution.ts';
import { ubuntu } from './ubuntu.ts';

/** Every distribution, by its name; another one is a file beside these and a line here and in core/spec/base.ts. */
export const distributions = { debian, ubuntu } as const satisfies Readonly<Record<string, Distribution>>;
export type DistributionName = keyof typeof distributions;
/** Names of the releases of one distribution. */
export type ReleaseOf<Name extends DistributionName> = keyof (typeof distributions)[Name]['releases'] & string;

/** The distribution of specs that name none. */
export const usualDistribution = 'debian' satisfies DistributionName;

const isDistribution = (name: string): name is DistributionName => Object.hasOwn(distributions, name);

/** Names of all distributions, in the order in which they are shown. */
export const distributionNames: readonly DistributionName[] = Object.keys(distributions).filter(isDistribution);

/** Names of the releases of a distribution, the oldest first. */
export function releaseNamesOf<Name extends DistributionName>(name: Name): readonly ReleaseOf<Name>[] {
  const { releases } = distributions[name];
  return Object.keys(releases).filter((release): release is ReleaseOf<Name> => Object.hasOwn(releases, release));
}

/** A release by its name, which no two distributions share, and whose it is; undefined where there is none. */
export function findRelease(
  name: string,
): { readonly distribution: Distribution; readonly release: Release } | undefined {
  const distribution: Distribution | undefined = Object.values(distributions).find(({ releases }) =>
    Object.hasOwn(releases, name),
  );
  const release = distribution?.releases[name];
  return distribution === undefined || release === undefined ? undefined : { distribution, release };
}

/** As findRelease, of a name that a spec was taken with. @throws Error of any other */
export function releaseNamed(name: string): { readonly distribution: Distribution; readonly release: Release } {
  const found = findRelease(name);
  if (found === undefined) throw new Error(`no distribution has a release ${name}`);
  return found;
}

/** A distribution by its name; undefined where there is none. */
export function findDistribution(name: unknown): Distribution | undefined {
  return typeof name === 'string' && isDistribution(name) ? distributions[name] : undefined;
}
