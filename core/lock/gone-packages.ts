import { z } from 'zod';
import { scopeOf } from '../builds/plan-store.ts';
import { findResult } from '../builds/stage-repository.ts';
import type { Sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { type ArchiveState, sourceOf } from '../plan/archive-state.ts';
import type { Plan } from '../plan/plan.ts';
import { type ArchivePackage, archivePackageSchema, packageTitle } from '../plan/programs/archive-package.ts';
import type { PackageFiles } from '../ports/package-files.ts';
import type { Table } from '../ports/table.ts';

const lockedSchema = z.object({ locked: z.object({ packages: z.array(archivePackageSchema) }).optional() });

/** Packages that a failure names: more would not fit its reason. */
const mostNamed = 40;

/** The address of a package's file, by the state of the archives that it is from; undefined where that has no such suite. */
export function packageAddress(archive: ArchiveState, wanted: ArchivePackage): string | undefined {
  const own = archive.extra?.find(({ name }) => name === wanted.archive)?.suites;
  const suite = (wanted.archive === undefined ? archive.suites : own)?.find((one) => one.suite === wanted.suite);
  return suite === undefined ? undefined : `${sourceOf(suite)}/${wanted.path}`;
}

/**
 * Sees to it, before anything is built, that all packages of a plan's lock can be had that its steps will have to install,
 * as far as that can be known. Of a plan without a lock nothing is asked.
 * @throws EngineError lock.packages_gone, which names them
 */
export async function needPackages(
  ports: { readonly table: Table; readonly packages: PackageFiles },
  tenantId: string,
  plan: Plan,
): Promise<void> {
  const gone = new Map<Sha256, ArchivePackage>();
  for (const step of plan.steps) {
    const packages = lockedSchema.parse(step.options).locked?.packages ?? [];
    if (packages.length === 0 || (await findResult(ports.table, scopeOf(step, tenantId), step.key)) !== undefined) {
      continue;
    }
    const files = packages.flatMap((one) => {
      const address = packageAddress(plan.archive, one);
      return address === undefined ? [] : [{ sha256: one.sha256, address }];
    });
    const absent = new Set(await ports.packages.gone(files, step.trust === 'service' ? 'service' : 'tenant'));
    for (const one of packages) if (absent.has(one.sha256)) gone.set(one.sha256, one);
  }
  if (gone.size === 0) return;
  const titles = [...gone.values()].map(packageTitle).sort();
  const more = titles.length > mostNamed ? ` and ${titles.length - mostNamed} more` : '';
  const named = `${titles.slice(0, mostNamed).join(', ')}${more}`;
  throw new EngineError('lock.packages_gone', `Neither the cache nor the archive has ${named} any more.`);
}
