import { z } from 'zod';
import {
  type DistributionName,
  distributionNames,
  findRelease,
  type ReleaseOf,
  releaseNamesOf,
  usualDistribution,
} from '../distributions/registry.ts';
import { quoted } from '../text.ts';
import { type FieldPath, valueAt } from './field-path.ts';
import type { Refusal } from './refusal.ts';
import { architectures } from './releases.ts';
import { snapshotField } from './snapshot.ts';

const described = {
  distribution: 'The distribution.',
  release: 'The release, by its code name.',
  architecture: 'The architecture, by the distribution’s name for it.',
  base: 'What the image is built on.',
} as const;

/** The releases of one distribution, for the architectures that there are, and a time of its archive. */
function membersOf<Name extends DistributionName>(name: Name) {
  return {
    release: z.enum<ReleaseOf<Name>[]>([...releaseNamesOf(name)]).describe(described.release),
    architecture: z.enum(architectures).describe(described.architecture),
    snapshot: snapshotField.optional(),
  };
}

/** What an image is built on. A spec that names no distribution is built on the usual one. */
export const baseSchema = z
  .discriminatedUnion('distribution', [
    z
      .strictObject({
        distribution: z.literal('debian').optional().default(usualDistribution).describe(described.distribution),
        ...membersOf('debian'),
      })
      .describe(described.base),
    z
      .strictObject({ distribution: z.literal('ubuntu').describe(described.distribution), ...membersOf('ubuntu') })
      .describe(described.base),
  ])
  .describe(described.base);

/** The distribution that a spec names, or that is meant where it names none. */
export function wantedDistribution(input: unknown): unknown {
  return valueAt(input, ['base', 'distribution']) ?? usualDistribution;
}

/** Why a release does not go with its distribution, where it is one of another; undefined where it is none at all. */
export function foreignReleaseRefusal(path: FieldPath, input: unknown): Refusal | undefined {
  const wanted = distributionNames.find((name) => name === wantedDistribution(input));
  if (wanted === undefined || path.length !== 2 || path[0] !== 'base' || path[1] !== 'release') return undefined;
  const value = valueAt(input, path);
  const owner = typeof value === 'string' ? findRelease(value)?.distribution.name : undefined;
  if (owner === undefined) return undefined;
  const said = valueAt(input, ['base', 'distribution']) === undefined ? 'is left out, which means' : 'is';
  return {
    code: 'spec.unsupported_release',
    reason: `${quoted(String(value))} is a release of ${owner}, and base.distribution ${said} ${wanted}`,
    remedy: `Set base.distribution to ${owner}, or use one of ${releaseNamesOf(wanted).join(', ')}.`,
  };
}
