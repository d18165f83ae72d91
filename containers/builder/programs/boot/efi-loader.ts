/**
 * The loader of UEFI by architecture: GRUB's name of its form, and the name of the file at the removable-media path
 * (/EFI/BOOT), which firmware starts without an entry of its own for it (UEFI specification 2.10, 3.5.1.1).
 */
export const efiLoaders = {
  amd64: { format: 'x86_64-efi', file: 'BOOTX64.EFI' },
  arm64: { format: 'arm64-efi', file: 'BOOTAA64.EFI' },
} as const;

/** The environment of xorriso and mtools: they take times from SOURCE_DATE_EPOCH, and those of FAT are local ones. */
export function imageEnvironment(sourceDateEpoch: number): Record<string, string> {
  return { SOURCE_DATE_EPOCH: String(sourceDateEpoch), TZ: 'UTC', LC_ALL: 'C.UTF-8' };
}

/** The environment of mtools on an image whose geometry is not any disk's. */
export function fatEnvironment(sourceDateEpoch: number): Record<string, string> {
  return { ...imageEnvironment(sourceDateEpoch), MTOOLS_SKIP_CHECK: '1' };
}
