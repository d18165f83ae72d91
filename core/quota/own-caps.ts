import { ownerName } from '../queue/slots.ts';
import { type QuotaPorts, readSetting, tenantLimits } from './owner-quotas.ts';
import { ownerOfTeam } from './places.ts';

/** How many builds may run at once of single tenants and teams, by the names under which their slots are counted. */
export interface OwnCaps {
  readonly known: ReadonlyMap<string, number>;
  /** Reads the caps of those whom builds are of; true where one has a cap that was not known. */
  learn(builds: Iterable<{ readonly tenantId: string; readonly teamId?: string | undefined }>): Promise<boolean>;
}

/** Caps that quotas set, read once each: for one run of whoever decides which builds start. */
export function createOwnCaps(ports: QuotaPorts): OwnCaps {
  const known = new Map<string, number>();
  const asked = new Set<string>();
  const read = async (name: string | undefined, limit: () => Promise<number | null | undefined>): Promise<boolean> => {
    if (name === undefined || asked.has(name)) return false;
    asked.add(name);
    const most = await limit();
    if (most === undefined || most === null) return false;
    known.set(name, most);
    return true;
  };
  return {
    known,
    async learn(builds) {
      const learnt: Promise<boolean>[] = [];
      for (const { tenantId, teamId } of builds) {
        // Names of tenants and teams need no member or key.
        const owned = { tenantId, teamId, keyId: '' };
        learnt.push(
          read(ownerName('tenant', owned), async () => (await tenantLimits(ports, tenantId)).concurrentBuilds),
          read(ownerName('team', owned), async () => {
            const stored = await readSetting(ports.table, ownerOfTeam(tenantId, teamId ?? ''));
            return stored?.setting.overrides.concurrentBuilds;
          }),
        );
      }
      return (await Promise.all(learnt)).includes(true);
    },
  };
}
