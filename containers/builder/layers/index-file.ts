import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import {
  type LayerEntry,
  type LayerIndexHeader,
  layerEntrySchema,
  layerIndexHeaderSchema,
} from '../../../core/builds/layer-index.ts';

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

const digestForm = /^[0-9a-f]{64}$/;
const types: ReadonlySet<unknown> = new Set(layerEntrySchema.shape.type.options);

/**
 * An entry as the schema takes it. An index has 10,000 of them, nearly all of the simple members alone, and the schema
 * takes 10 us each, which is most of the time of a small stage: those are looked at by hand, all others by the schema.
 * @throws ZodError
 */
export function entryOf(value: unknown): LayerEntry {
  return isPlainEntry(value) ? value : layerEntrySchema.parse(value);
}

/** True for entries that the schema takes, without attributes and devices; says nothing of others. */
function isPlainEntry(value: unknown): value is LayerEntry {
  if (!isRecord(value) || value.path === undefined || value.type === undefined) return false;
  for (const name in value) if (!isPlainMember(name, value[name])) return false;
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isPlainMember(name: string, member: unknown): boolean {
  switch (name) {
    case 'path':
      return typeof member === 'string' && member.length >= 1 && member.length <= 4096;
    case 'type':
      return types.has(member);
    case 'mode':
      return Number.isSafeInteger(member) && Number(member) >= 0 && Number(member) <= 0o7777;
    case 'uid':
    case 'gid':
    case 'size':
      return Number.isSafeInteger(member) && Number(member) >= 0;
    case 'mtime':
      return Number.isSafeInteger(member);
    case 'digest':
      return typeof member === 'string' && digestForm.test(member);
    case 'target':
      return typeof member === 'string';
    default:
      return false;
  }
}
