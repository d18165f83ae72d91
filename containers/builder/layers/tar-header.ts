import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { parentOf, textToBytes } from './path-text.ts';

const block = 512;
const typeFlags: Record<LayerEntry['type'], string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
  whiteout: '0',
};
/** The largest numbers that ustar's octal fields hold: 7 digits of owner ids, 11 digits of sizes. */
const largestId = 0o7777777;
const largestSize = 0o77777777777;

/** Bytes that fill a member's body up to whole blocks. */
export function paddingOf(size: number): number {
  return (block - (size % block)) % block;
}

/** The end of an archive: two empty blocks. */
export const tarEnd = Buffer.alloc(2 * block);

function octal(header: Buffer, value: number, offset: number, length: number): void {
  header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, length, 'latin1');
}

interface Fields {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly flag: string;
  readonly link: string;
  readonly device: readonly [number, number];
}

/** One ustar header. Names are latin1 (a byte a character); no user or group names: they would differ by builder. */
function ustar(fields: Fields): Buffer {
  // From the pool: an allocation of its own for each of 25,000 headers keeps the collector busy.
  const header = Buffer.allocUnsafe(block).fill(0);
  header.write(fields.name.slice(0, 100), 0, 100, 'latin1');
  octal(header, fields.mode, 100, 8);
  octal(header, Math.min(fields.uid, largestId), 108, 8);
  octal(header, Math.min(fields.gid, largestId), 116, 8);
  octal(header, Math.min(fields.size, largestSize), 124, 12);
  octal(header, fields.mtime, 136, 12);
  header.fill(' ', 148, 156);
  header.write(fields.flag, 156, 1, 'latin1');
  header.write(fields.link.slice(0, 100), 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 8, 'latin1');
  octal(header, fields.device[0], 329, 8);
  octal(header, fields.device[1], 337, 8);
  let sum = 0;
  for (let at = 0; at < block; at += 1) sum += header[at] ?? 0;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return header;
}

/** A PAX record: its own length in decimal, a space, `key=value`, a line end. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** The member's name in the archive: a folder ends with a slash, a whiteout is `.wh.` before the last part. */
function memberName(entry: LayerEntry): string {
  const path = textToBytes(entry.path);
  if (entry.type === 'directory') return `${path}/`;
  if (entry.type !== 'whiteout') return path;
  const parent = parentOf(path);
  return parent === '' ? `.wh.${path}` : `${parent}/.wh.${path.slice(parent.length + 1)}`;
}

/**
 * All blocks that stand before a member's body: a PAX header where ustar cannot say it, and the ustar header. They
 * follow from the entry alone, so that a reader with the index knows each byte that must come.
 */
export function tarHeader(entry: LayerEntry): Buffer {
  const name = memberName(entry);
  const link = entry.target === undefined ? '' : textToBytes(entry.target);
  const size = entry.type === 'file' ? (entry.size ?? 0) : 0;
  const { uid = 0, gid = 0, mtime = 0, mode = 0, device = [0, 0] } = entry;
  const records: Buffer[] = [];
  if (name.length > 100) records.push(paxRecord('path', Buffer.from(name, 'latin1')));
  if (link.length > 100) records.push(paxRecord('linkpath', Buffer.from(link, 'latin1')));
  if (uid > largestId) records.push(paxRecord('uid', Buffer.from(String(uid))));
  if (gid > largestId) records.push(paxRecord('gid', Buffer.from(String(gid))));
  if (size > largestSize) records.push(paxRecord('size', Buffer.from(String(size))));
  for (const [key, value] of Object.entries(entry.xattrs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    records.push(paxRecord(`SCHILY.xattr.${key}`, Buffer.from(value, 'base64')));
  }
  const header = ustar({ name, mode, uid, gid, size, mtime, flag: typeFlags[entry.type], link, device });
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const plain = { mode: 0o644, uid: 0, gid: 0, mtime, link: '', device: [0, 0] as const };
  return Buffer.concat([
    ustar({ ...plain, name: 'PaxHeaders/x', size: body.length, flag: 'x' }),
    body,
    Buffer.alloc(paddingOf(body.length)),
    header,
  ]);
}
