import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, zstdCompress } from 'node:zlib';

/** Turns the chunks of a tar into the bytes of a layer's blob. Chunks may be encoded at the same time. */
export interface Encoding {
  readonly begin: Buffer;
  /** @param before the chunk before, whose end may serve as a dictionary */
  encode(chunk: Buffer, before: Buffer | undefined): Promise<Buffer>;
  /** To be told each chunk in its order; answers what stands at the end of the blob. */
  end(chunks: { readonly crc: number; readonly size: number }): Buffer;
}

const nothing = Buffer.alloc(0);
const deflate = promisify(deflateRaw);
const compress = promisify(zstdCompress);

/** The lowest level that looks for the better of two matches: 2 % larger than level 6, in half of its time. */
const gzipLevel = 4;
/** What deflate can look back. */
const window = 32_768;

/**
 * gzip, as one member: each chunk is deflated by itself with the end of the one before as its dictionary, and ends on
 * a whole byte, so that the chunks make up one stream. Its bytes follow from the chunks, not from how many are encoded
 * at a time. The header holds no time and no name.
 */
export const gzip: Encoding = {
  begin: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
  encode: (chunk, before) =>
    deflate(chunk, {
      level: gzipLevel,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(before === undefined ? {} : { dictionary: before.subarray(-window) }),
    }),
  end({ crc, size }) {
    const trailer = Buffer.alloc(10);
    // An empty last block.
    trailer.writeUInt16LE(3, 0);
    trailer.writeUInt32LE(crc, 2);
    trailer.writeUInt32LE(size % 2 ** 32, 6);
    return trailer;
  },
};

/** zstd, a frame a chunk. */
export const zstd: Encoding = {
  begin: nothing,
  encode: (chunk) => compress(chunk, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }),
  end: () => nothing,
};

/** The tar as it is. */
export const plain: Encoding = {
  begin: nothing,
  encode: async (chunk) => chunk,
  end: () => nothing,
};

/** The checksum of a stream that goes on. */
export function checksumOver(crc: number, chunk: Buffer): number {
  return crc32(chunk, crc);
}
