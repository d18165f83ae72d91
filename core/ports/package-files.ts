import type { Sha256 } from '../digest.ts';

/** A package file that is to be fetched. */
export interface PackageFile {
  readonly sha256: Sha256;
  /** Where the archive has it, if it still does. */
  readonly address: string;
}

/** Tells whether package files can still be had, without fetching them. */
export interface PackageFiles {
  /**
   * Those that neither the package cache nor the archive has. A file of which that cannot be told is not among them: the
   * archive does not answer, or is none of the operator's.
   * @param reader the trust class of the stage that needs them: on one machine not each may read all that is cached
   */
  gone(files: readonly PackageFile[], reader: 'service' | 'tenant'): Promise<readonly Sha256[]>;
}
