import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

/** Bytes of a pixel: red, green, blue, 8 bits each, as QEMU writes pictures of a screen. */
const pixelBytes = 3;

/** What of a picture is one colour. */
export interface PictureColour {
  /** As CSS writes it, such as #105030. */
  readonly colour: string;
  /** From 0 to 1, of all pixels. */
  readonly share: number;
}

/**
 * The colours of a picture, the most frequent first.
 * @param file a PNG (ISO/IEC 15948) of 8-bit RGB, not interlaced
 */
export function coloursOf(file: string): PictureColour[] {
  const { width, height, pixels } = pixelsOf(readFileSync(file));
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += pixelBytes) {
    const colour = pixels.readUIntBE(at, pixelBytes);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, first], [, second]) => second - first)
    .map(([colour, count]) => ({
      colour: `#${colour.toString(16).padStart(2 * pixelBytes, '0')}`,
      share: count / (width * height),
    }));
}

function pixelsOf(png: Buffer): { width: number; height: number; pixels: Buffer } {
  const [width, height, form] = [png.readUInt32BE(16), png.readUInt32BE(20), png.subarray(24, 29).toString('hex')];
  // Depth 8, colour type 2, deflate, the five filters, not interlaced.
  if (form !== '0802000000') throw new Error(`a picture of another form: ${form}`);
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const lines = inflateSync(Buffer.concat(parts));
  const row = width * pixelBytes;
  const pixels = Buffer.alloc(row * height);
  for (let y = 0; y < height; y += 1) {
    const filter = lines[y * (row + 1)] ?? 0;
    for (let x = 0; x < row; x += 1) {
      const byte = (line: number, column: number) => (line < 0 || column < 0 ? 0 : (pixels[line * row + column] ?? 0));
      const [left, above, corner] = [byte(y, x - pixelBytes), byte(y - 1, x), byte(y - 1, x - pixelBytes)];
      const predicted = [0, left, above, (left + above) >> 1, nearest(left, above, corner)][filter] ?? 0;
      pixels[y * row + x] = (lines[y * (row + 1) + 1 + x] ?? 0) + predicted;
    }
  }
  return { width, height, pixels };
}

/** Paeth's predictor: of three bytes the one that is nearest to left + above - corner. */
function nearest(left: number, above: number, corner: number): number {
  const wanted = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(wanted - value));
  if (toLeft === undefined || toAbove === undefined || toCorner === undefined) return corner;
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
