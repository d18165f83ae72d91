/**
 * A path inside a tree, relative to its root, as one character a byte (latin1): names are bytes to Linux, and in this
 * form comparing strings compares bytes.
 */
export type BytePath = string;

const plain = /^[\x20-\x5b\x5d-\x7e]*$/;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Length in bytes of the UTF-8 sequence that begins at `start`, 0 where there is none. */
function sequenceLength(bytes: Buffer, start: number): number {
  const first = bytes[start] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length === 1) return 1;
  try {
    decoder.decode(bytes.subarray(start, start + length));
    return length;
  } catch {
    return 0;
  }
}

/** Bytes as the text of a layer index: UTF-8 where it is, `\xNN` for other bytes, `\\` for a backslash. */
export function bytesToText(bytes: BytePath): string {
  if (plain.test(bytes)) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  let text = '';
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at);
    if (length === 0) {
      text += `\\x${(buffer[at] ?? 0).toString(16).padStart(2, '0')}`;
      at += 1;
      continue;
    }
    const piece = buffer.toString('utf8', at, at + length);
    text += piece === '\\' ? '\\\\' : piece;
    at += length;
  }
  return text;
}

/** The bytes that `bytesToText` wrote so. */
export function textToBytes(text: string): BytePath {
  if (plain.test(text)) return text;
  const pieces: string[] = [];
  for (const match of text.matchAll(/\\\\|\\x[0-9a-f]{2}|[^\\]+|\\/g)) {
    const piece = match[0];
    if (piece === '\\\\' || piece === '\\') pieces.push('\\');
    else if (piece.startsWith('\\x')) pieces.push(String.fromCharCode(Number.parseInt(piece.slice(2), 16)));
    else pieces.push(Buffer.from(piece, 'utf8').toString('latin1'));
  }
  return pieces.join('');
}

/** The file-system path of a path inside a folder, as bytes for node:fs. */
export function pathInside(folder: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
}

/** The folder of a path inside a tree; '' for the tree's root. */
export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Orders by bytes. */
export function compareBytes(a: BytePath, b: BytePath): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
