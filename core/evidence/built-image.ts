import type { Sha256 } from '../digest.ts';
import type { DistributionName } from '../distributions/registry.ts';
import type { InstalledPackage } from './installed-packages.ts';

/** A file with its digest, as documents of evidence name it. */
export interface NamedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
}

/** What is in the image and what was made of it: all that a bill of materials tells. Equal plans have equal ones. */
export interface BuiltImage {
  /** Name of the spec. */
  readonly name: string;
  readonly distribution: DistributionName;
  readonly release: string;
  readonly planDigest: Sha256;
  /** Epoch seconds; stands for the time at which the documents were made. */
  readonly sourceDateEpoch: number;
  readonly packages: readonly InstalledPackage[];
  readonly artifacts: readonly NamedFile[];
}

/** An epoch as ISO 8601 in UTC to the second: `2026-11-26T09:00:00Z`, the one form that SPDX takes. */
export function isoSeconds(epoch: number): string {
  return new Date(epoch * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
}
