import { z } from 'zod';
import type { Distribution } from '../../distributions/distribution.ts';

const optionsSchema = z.object({
  install: z.array(z.string()),
  kernel: z.string().optional(),
  outputs: z.array(z.string()),
});

/**
 * The packages that a step of the program `packages` installs by name, sorted.
 * @param options of that step
 * @param distribution says what an image needs to boot
 */
export function wantedPackages(options: unknown, { bootPackages }: Pick<Distribution, 'bootPackages'>): string[] {
  const { install, kernel, outputs } = optionsSchema.parse(options);
  const names = new Set(install);
  if (kernel !== undefined) {
    names.add(kernel);
    for (const name of bootPackages.all) names.add(name);
    if (outputs.includes('iso')) for (const name of bootPackages.live) names.add(name);
    // The plan says `raw` for every form of a disk.
    if (outputs.includes('raw')) for (const name of bootPackages.disk) names.add(name);
  }
  return [...names].sort();
}
