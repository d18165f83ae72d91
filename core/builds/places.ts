import type { BlobPlace } from '../ports/blobs.ts';

/** Where each object lies. Segments hold only characters that BlobPlace allows; ids and step names are checked before. */
export const planPlace = (buildId: string): BlobPlace => ({ bucket: 'work', path: `plans/${buildId}.json` });

export const manifestPlace = (buildId: string, stageId: string, attempt: number): BlobPlace => ({
  bucket: 'work',
  path: `manifests/${buildId}/${stageId}/${attempt}.json`,
});

/** A lock that a tenant may build from, under the digest of its file. */
export const lockPlace = (tenantId: string, digest: string): BlobPlace => ({
  bucket: 'work',
  path: `${locksPrefix}${tenantId}/${digest}`,
});

/** All that a scan found. */
export const scanPlace = (tenantId: string, scanId: string): BlobPlace => ({
  bucket: 'work',
  path: `${scansPrefix}${tenantId}/${scanId}`,
});

/** Where all reports of scans lie. */
export const scansPrefix = 'scans/';

/** Where all locks of tenants lie. */
export const locksPrefix = 'locks/';

/** Output of an attempt until the control plane has verified it. `step` `-` is the stage's own result. */
export const stagingPlace = (
  buildId: string,
  stageId: string,
  attempt: number,
  step: string,
  output: string,
): BlobPlace => ({
  bucket: 'work',
  path: `${stagingPrefix}${buildId}/${stageId}/${attempt}/${step === '-' ? '_stage' : step}/${output}`,
});

/** Where all output of attempts lies until it is verified. */
export const stagingPrefix = 'staging/';

export const logPlace = (buildId: string, stageId: string, attempt: number): BlobPlace => ({
  bucket: 'work',
  path: `logs/${buildId}/${stageId}/${attempt}.ndjson`,
});

/** A verified blob. `scope` is `shared` or a tenant's id. */
export const blobPlace = (scope: string, digest: string): BlobPlace => ({
  bucket: 'work',
  path: `blobs/${scope}/${digest}`,
});

/** Where all verified blobs lie. */
export const blobsPrefix = 'blobs/';

export const artifactPlace = (tenantId: string, digest: string): BlobPlace => ({
  bucket: 'artifacts',
  path: `${tenantId}/${digest}`,
});

/** A file that a tenant uploads: S3 itself checks that its bytes have the digest that names it. */
export const uploadPlace = (tenantId: string, digest: string): BlobPlace => ({
  bucket: 'work',
  path: `${uploadsPrefix}${tenantId}/${digest}`,
});

/** Where all uploads lie. */
export const uploadsPrefix = 'uploads/';
