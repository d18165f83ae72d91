import type { Sha256 } from '../digest.ts';
import type { BlobInfo, BlobPlace, Blobs } from '../ports/blobs.ts';
import type { Table } from '../ports/table.ts';
import { orphanKey } from './keys.ts';
import type { TrustClass } from './manifest.ts';
import { compositeDigest, largestObject, type PartDigests, partCount } from './parts.ts';
import { type ExpectedBlob, isStored } from './sound-blobs.ts';

/** What a receipt says of an output, and where the output is to lie. */
export interface Claim {
  /** Its place in staging. */
  readonly from: BlobPlace;
  /** Its place by digest. */
  readonly place: BlobPlace;
  readonly size: number;
  readonly digest: Sha256;
  /** Where it went up in parts. */
  readonly parts: PartDigests | undefined;
  /** Of the attempt that says so. */
  readonly trust: TrustClass;
  /** Of the blob in the work bucket; an artifact has none. */
  readonly scope: string | undefined;
}

interface PromotePorts {
  readonly table: Table;
  readonly blobs: Blobs;
}

/** Promotes outputs whose claims all verify; false, with nothing promoted or pointed to, where one does not. */
export async function promoteClaims(ports: PromotePorts, claims: readonly Claim[]): Promise<boolean> {
  const sound = await Promise.all(claims.map(async (claim) => isStaged(await ports.blobs.head(claim.from), claim)));
  if (sound.includes(false)) return false;
  const promoted = await Promise.all(claims.map((claim) => promote(ports, claim)));
  return !promoted.includes(false);
}

/**
 * Whether what lies in staging is what the receipt says, by the checksum that the store itself computed. Of an object
 * made of parts it computed that of each part: the receipt's parts must be these. They tell the bytes, but not whether
 * the digest of the whole is right: `promote` looks at that where the store can tell it (docs/decisions/0032).
 */
function isStaged(info: BlobInfo | undefined, { size, digest, parts }: Claim): boolean {
  if (info === undefined || info.size !== size || size > largestObject) return false;
  if (info.sha256 !== undefined) return info.sha256 === digest;
  if (parts === undefined || parts.sha256.length !== partCount(size, parts.size)) return false;
  return info.partsSha256 === compositeDigest(parts.sha256);
}

async function promote(ports: PromotePorts, claim: Claim): Promise<boolean> {
  const { blobs, table } = ports;
  const { from, place, digest, parts, scope, trust } = claim;
  const expected: ExpectedBlob =
    parts === undefined ? { place, digest } : { place, digest, partsSha256: compositeDigest(parts.sha256) };
  if ((await blobs.copy(from, place, { ifAbsent: true })) === 'written') return isRight(blobs, claim, expected);
  // From here on a result points to it (core/cache/orphans.ts).
  if (scope !== undefined) await table.transact([{ kind: 'delete', key: orphanKey(scope, digest) }]);
  // What lies there under this digest is the same, unless it was damaged.
  if (await isStored(blobs, expected)) return true;
  // A digest that is nobody's but a tenant's word replaces nothing.
  if (parts !== undefined && trust === 'tenant') return false;
  await blobs.delete(place);
  await blobs.copy(from, place, { ifAbsent: true });
  return isRight(blobs, claim, expected);
}

/** Whether the copy of an object in parts has the digest that names it; the store computed it if one request copied. */
async function isRight(blobs: Blobs, { parts }: Claim, expected: ExpectedBlob): Promise<boolean> {
  if (parts === undefined || (await isStored(blobs, expected))) return true;
  await blobs.delete(expected.place);
  return false;
}
