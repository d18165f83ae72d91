import type { Sha256 } from '../digest.ts';
import type { BlobPlace } from '../ports/blobs.ts';
import type { TableKey } from '../ports/table.ts';

/** Where all vulnerability data lies: what fetches it writes nothing else. */
export const vulnerabilityPrefix = 'vulnerabilities/';

/** The advisories of a release. */
export const advisoriesPlace = (release: string, digest: Sha256): BlobPlace => ({
  bucket: 'work',
  path: `${vulnerabilityPrefix}${release}/${digest}`,
});

/** What vulnerability data there is, and how it was fetched last. */
export const vulnerabilityDataKey: TableKey = { partition: 'VULNERABILITYDATA', sort: 'DATA' };
