import { dataBlocks } from './data-blocks.ts';
import { writeImageFile } from './image-file.ts';
import {
  capacityOf,
  descriptorSectors,
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

const tableSectors = tableBytes / sectorBytes;

/**
 * Writes a disk as a monolithicSparse vmdk (VMware, Virtual Disk Format 5.0): plain grains of 64 KiB, those of zeros
 * left out. The tables of all grains stand before them, twice, each with its directory.
 * @param disk a raw disk of whole grains, at most 2 TiB
 * @param place where the file is made; nothing may be there
 */
export async function writeSparseVmdk(
  disk: string,
  place: string,
  options: VmdkIdentity & { readonly signal: AbortSignal },
): Promise<void> {
  const capacity = await capacityOf(disk);
  const count = Math.ceil(capacity / (grainSectors * grainsOfTable));
  const directorySectors = Math.ceil((count * 4) / sectorBytes);
  const secondDirectory = 1 + descriptorSectors;
  const directory = secondDirectory + directorySectors + count * tableSectors;
  const tablesEnd = directory + directorySectors + count * tableSectors;
  const overhead = Math.ceil(tablesEnd / grainSectors) * grainSectors;

  await writeImageFile(place, async (file) => {
    const tables = Buffer.alloc(count * tableBytes);
    let sector = overhead;
    for await (const { number, bytes } of dataBlocks(disk, grainBytes, options.signal)) {
      tables.writeUInt32LE(sector, number * 4);
      await file.write(bytes, sector * sectorBytes);
      sector += grainSectors;
    }
    const flags = vmdkFlags.newlines | vmdkFlags.secondTables;
    await file.write(sparseHeader({ version: 1, flags, capacity, secondDirectory, directory, overhead }), 0);
    await file.write(vmdkDescriptor('monolithicSparse', capacity, options), sectorBytes);
    for (const start of [secondDirectory, directory]) {
      const places = Buffer.alloc(directorySectors * sectorBytes);
      for (let table = 0; table < count; table += 1) {
        places.writeUInt32LE(start + directorySectors + table * tableSectors, table * 4);
      }
      await file.write(places, start * sectorBytes);
      await file.write(tables, (start + directorySectors) * sectorBytes);
    }
    return sector * sectorBytes;
  });
}
