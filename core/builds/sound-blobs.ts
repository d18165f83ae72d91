import { type Sha256, startSha256 } from '../digest.ts';
import type { BlobPlace, Blobs } from '../ports/blobs.ts';
import type { ResultRecord } from './build-record.ts';
import { artifactPlace, blobPlace } from './places.ts';

/** A blob that a result stands on: where it lies and what it must be. */
export interface StandingBlob {
  readonly place: BlobPlace;
  readonly digest: Sha256;
  readonly size: number;
}

/** What a blob must be where its bytes came in parts: `partsSha256` as BlobInfo has it. */
export interface ExpectedBlob extends Pick<StandingBlob, 'place' | 'digest'> {
  readonly partsSha256?: Sha256;
}

/** Bytes that are read at one time where a blob is read whole. */
const pieceBytes = 8 * 1024 * 1024;

/** The blobs that a result of a scope stands on; `tenantId` is whose build asks, since artifacts lie by tenant. */
export function blobsOf(result: ResultRecord, scope: string, tenantId: string): StandingBlob[] {
  const { layer, module, artifact, test, inspection } = result;
  const inWork = (digest: Sha256, size: number): StandingBlob => ({ place: blobPlace(scope, digest), digest, size });
  const inArtifacts = (digest: Sha256, size: number): StandingBlob => {
    return { place: artifactPlace(tenantId, digest), digest, size };
  };
  return [
    ...(layer === undefined ? [] : [inWork(layer.digest, layer.size), inWork(layer.index, layer.indexSize)]),
    ...(module === undefined ? [] : [inWork(module.digest, module.size)]),
    ...(artifact === undefined ? [] : [inArtifacts(artifact.sha256, artifact.size)]),
    ...(test === undefined ? [] : [inArtifacts(test.log.sha256, test.log.size)]),
    ...(test?.screen === undefined ? [] : [inArtifacts(test.screen.sha256, test.screen.size)]),
    ...(inspection === undefined ? [] : [inArtifacts(inspection.sha256, inspection.size)]),
  ];
}

/**
 * Whether the store holds a blob and, where it tells a checksum, the right one. It says nothing of bytes that changed
 * on a disk without the store's knowledge: who reads a blob checks its digest.
 */
export async function isStored(blobs: Blobs, { place, digest, partsSha256 }: ExpectedBlob): Promise<boolean> {
  const info = await blobs.head(place);
  if (info === undefined) return false;
  if (info.sha256 !== undefined) return info.sha256 === digest;
  return partsSha256 === undefined || info.partsSha256 === undefined || info.partsSha256 === partsSha256;
}

/** Whether a blob, read whole, has the digest that names it. */
export async function isSound(blobs: Blobs, blob: Pick<StandingBlob, 'place' | 'digest'>): Promise<boolean> {
  const info = await blobs.head(blob.place);
  if (info === undefined || (info.sha256 !== undefined && info.sha256 !== blob.digest)) return false;
  const hash = startSha256();
  for (let start = 0; start < info.size; start += pieceBytes) {
    const piece = await blobs.get(blob.place, { start, end: Math.min(info.size, start + pieceBytes) });
    if (piece === undefined) return false;
    hash.update(piece);
  }
  return hash.digest() === blob.digest;
}
