import { z } from 'zod';

/** What a kernel needs to come up, whatever the output; zstd so that the initial RAM file system is not gzip. */
const bootPackages = ['initramfs-tools', 'zstd', 'systemd-sysv', 'udev', 'kmod', 'dbus', 'login', 'passwd'] as const;
const livePackages = ['live-boot', 'live-boot-initramfs-tools'] as const;
/** A disk's root file system is checked at boot. The plan says `raw` for every form of a disk. */
const diskPackages = ['e2fsprogs'] as const;

const optionsSchema = z.object({
  install: z.array(z.string()),
  kernel: z.string().optional(),
  outputs: z.array(z.string()),
});

/** The packages that a step of the program `packages` installs by name, sorted. @param options of that step */
export function wantedPackages(options: unknown): string[] {
  const { install, kernel, outputs } = optionsSchema.parse(options);
  const names = new Set(install);
  if (kernel !== undefined) {
    names.add(kernel);
    for (const name of bootPackages) names.add(name);
    if (outputs.includes('iso')) for (const name of livePackages) names.add(name);
    if (outputs.includes('raw')) for (const name of diskPackages) names.add(name);
  }
  return [...names].sort();
}
