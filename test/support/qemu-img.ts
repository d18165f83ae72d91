import { execFileSync } from 'node:child_process';
import { z } from 'zod';

/** Names that qemu-img gives to formats. */
export type ImageFormat = 'raw' | 'qcow2' | 'vmdk' | 'vpc' | 'vhdx';

const infoSchema = z.object({
  'virtual-size': z.number(),
  format: z.string(),
  'format-specific': z.object({ data: z.looseObject({}) }).optional(),
});

function qemuImg(...args: readonly string[]): string {
  return execFileSync('qemu-img', args, { encoding: 'utf8' });
}

/** What qemu-img says of an image. */
export function imageInfo(file: string, format: ImageFormat) {
  const info = infoSchema.parse(JSON.parse(qemuImg('info', '--output=json', '-f', format, file)));
  return { size: info['virtual-size'], format: info.format, details: info['format-specific']?.data ?? {} };
}

/** Throws where qemu-img finds an error or a leak in an image. It has no check for a vhd. */
export function checkImage(file: string, format: ImageFormat): string {
  return qemuImg('check', '-f', format, file);
}

/** Throws where the disk in an image is not the raw one byte for byte; zeros at the end of one of them are no difference. */
export function compareImage(raw: string, file: string, format: ImageFormat): string {
  return qemuImg('compare', '-f', 'raw', '-F', format, raw, file);
}

/** Writes the disk in an image as a raw one. */
export function toRaw(file: string, format: ImageFormat, raw: string): void {
  qemuImg('convert', '-f', format, '-O', 'raw', file, raw);
}
