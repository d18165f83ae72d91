import { type LayerEntry, layerEntrySchema } from './layer-index.ts';

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
