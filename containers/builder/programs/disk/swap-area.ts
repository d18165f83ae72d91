/** Bytes of a page, which is what a swap area is counted in on amd64 and on Debian's arm64. */
export const pageBytes = 4_096;

/** Offsets in the first page (linux/swap.h, union swap_header). */
const header = { version: 1_024, lastPage: 1_028, uuid: 1_036, magic: pageBytes - 10 } as const;

/**
 * The first page of a swap area, which is all that mkswap writes. It is written here, since mkswap knows no place inside
 * a file that has more in it.
 * @param bytes of the whole area, a multiple of a page
 */
export function swapHeader(uuid: string, bytes: number): Buffer {
  const page = Buffer.alloc(pageBytes);
  page.writeUInt32LE(1, header.version);
  page.writeUInt32LE(bytes / pageBytes - 1, header.lastPage);
  Buffer.from(uuid.replaceAll('-', ''), 'hex').copy(page, header.uuid);
  page.write('SWAPSPACE2', header.magic, 'latin1');
  return page;
}
