import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { entryOf } from '../../../core/builds/layer-entry.ts';
import { type LayerEntry, type LayerIndexHeader, layerIndexHeaderSchema } from '../../../core/builds/layer-index.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** A tree of 2 million paths; a longer index is not from a builder. */
const largestIndex = 1 << 29;

export interface DecodedIndex {
  readonly header: LayerIndexHeader;
  readonly entries: readonly LayerEntry[];
}

/** A layer's index as it is stored: NDJSON, the header first, zstd at level 3. */
export async function encodeIndex(header: LayerIndexHeader, entries: readonly LayerEntry[]): Promise<Buffer> {
  const lines = [header, ...entries].map((line) => JSON.stringify(line));
  return compress(`${lines.join('\n')}\n`, {
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/**
 * Reads a stored index. Tenant code may have written it: each line is validated.
 * @throws Error where it is not an index or holds another number of entries than it says
 */
export async function decodeIndex(stored: Uint8Array): Promise<DecodedIndex> {
  const text = (await decompress(stored, { maxOutputLength: largestIndex })).toString('utf8');
  const [first = '', ...lines] = text.split('\n');
  const header = layerIndexHeaderSchema.parse(JSON.parse(first));
  const entries = lines.filter((line) => line !== '').map((line) => entryOf(JSON.parse(line)));
  if (entries.length !== header.entries) {
    throw new Error(`the index says it holds ${header.entries} entries and holds ${entries.length}`);
  }
  return { header, entries };
}
