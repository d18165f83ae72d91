import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import type { WrittenFile } from '../../contract.ts';
import { type DataBlock, dataBlocks } from './data-blocks.ts';
import { type ImageFile, writeImageFile } from './image-file.ts';
import { inOrder } from './in-order.ts';
import {
  capacityOf,
  grainBytes,
  grainSectors,
  grainsOfTable,
  sectorBytes,
  sparseHeader,
  tableBytes,
  type VmdkIdentity,
  vmdkDescriptor,
  vmdkFlags,
} from './vmdk-header.ts';

/** The lowest level that looks for the better of two matches: a little larger than level 6, in half of its time. */
const level = 4;
const compress = promisify(deflate);

/** Types of the sectors that say what follows them. */
const markers = { endOfStream: 0, table: 1, directory: 2, footer: 3 } as const;
/** The first grain begins with a whole one. */
const overhead = grainSectors;

/** A file that is written from its beginning to its end, in whole sectors, with its digest. */
class SectorStream {
  readonly #file: ImageFile;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(file: ImageFile) {
    this.#file = file;
  }

  /** Where the next one goes, in sectors. */
  get sector(): number {
    return this.#bytes / sectorBytes;
  }

  /** Writes bytes and what fills them up to a sector. */
  async write(...pieces: readonly Buffer[]): Promise<void> {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    for (const piece of [...pieces, Buffer.alloc((sectorBytes - (size % sectorBytes)) % sectorBytes)]) {
      this.#hash.update(piece);
      await this.#file.write(piece, this.#bytes);
      this.#bytes += piece.length;
    }
  }

  written(): WrittenFile {
    return { size: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** The tables of a stream: each follows its last grain, the directory of all follows the last table. */
class GrainTables {
  readonly #stream: SectorStream;
  readonly #directory: Buffer;
  #table: { readonly number: number; readonly entries: Buffer } | undefined;

  constructor(stream: SectorStream, capacity: number) {
    this.#stream = stream;
    this.#directory = Buffer.alloc(Math.ceil(capacity / (grainSectors * grainsOfTable)) * 4);
  }

  /** Notes that a grain comes next. */
  async add(grain: number): Promise<void> {
    const number = Math.floor(grain / grainsOfTable);
    if (this.#table?.number !== number) {
      await this.#endTable();
      this.#table = { number, entries: Buffer.alloc(tableBytes) };
    }
    this.#table.entries.writeUInt32LE(this.#stream.sector, (grain % grainsOfTable) * 4);
  }

  /** Writes what is left, and the directory; answers the sector that this begins at. */
  async end(): Promise<number> {
    await this.#endTable();
    await this.#stream.write(marker(markers.directory, Math.ceil(this.#directory.length / sectorBytes)));
    const at = this.#stream.sector;
    await this.#stream.write(this.#directory);
    return at;
  }

  async #endTable(): Promise<void> {
    if (this.#table === undefined) return;
    await this.#stream.write(marker(markers.table, tableBytes / sectorBytes));
    this.#directory.writeUInt32LE(this.#stream.sector, this.#table.number * 4);
    await this.#stream.write(this.#table.entries);
  }
}

/** The sector before some sectors that are no grain. */
function marker(type: number, sectors: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.writeBigUInt64LE(BigInt(sectors), 0);
  bytes.writeUInt32LE(type, 12);
  return bytes;
}

/** A grain with what says which one it is. */
async function packedGrain({ number, bytes }: DataBlock): Promise<{ number: number; pieces: readonly Buffer[] }> {
  const packed = await compress(bytes, { level });
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(number * grainSectors), 0);
  head.writeUInt32LE(packed.length, 8);
  return { number, pieces: [head, packed] };
}

/**
 * Writes a disk as a streamOptimized vmdk (VMware, Virtual Disk Format 5.0): grains of 64 KiB, each deflated by itself,
 * those of zeros left out. It is written from its beginning to its end, as it is read: tables follow their grains, and
 * a footer at the end says where the directory is.
 * @param disk a raw disk of whole grains, at most 2 TiB
 * @param place where the file is made; nothing may be there
 */
export async function writeStreamVmdk(
  disk: string,
  place: string,
  options: VmdkIdentity & { readonly signal: AbortSignal },
): Promise<WrittenFile> {
  const capacity = await capacityOf(disk);
  const flags = vmdkFlags.newlines | vmdkFlags.compressed | vmdkFlags.markers;
  const header = (directory: number | 'end') =>
    sparseHeader({ version: 3, flags, capacity, secondDirectory: 0, directory, overhead });
  let written: WrittenFile = { size: 0, sha256: '' };
  await writeImageFile(place, async (file) => {
    const stream = new SectorStream(file);
    await stream.write(header('end'), vmdkDescriptor('streamOptimized', capacity, options));
    await stream.write(Buffer.alloc((overhead - stream.sector) * sectorBytes));
    const tables = new GrainTables(stream, capacity);
    for await (const { number, pieces } of inOrder(dataBlocks(disk, grainBytes, options.signal), packedGrain)) {
      await tables.add(number);
      await stream.write(...pieces);
    }
    const directory = await tables.end();
    await stream.write(marker(markers.footer, 1), header(directory), marker(markers.endOfStream, 0));
    written = stream.written();
    return written.size;
  });
  return written;
}
