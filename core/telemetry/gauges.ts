import { listLetters } from '../dead-letters/repository.ts';
import { oldestEventAt } from '../events/outbox.ts';
import { readMaintenance } from '../maintenance/maintenance.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import type { VulnerabilityMirror } from '../ports/vulnerability-mirror.ts';
import { waitingBuilds } from '../queue/places-in-queue.ts';
import { runningBuilds } from '../queue/slots.ts';
import { readDataRecord } from '../vulnerabilities/data-record.ts';
import type { GaugeName } from '../wiring/metric-catalogue.ts';

/** So many dead letters are counted, and no more: a page. */
const mostLetters = 100;

/** How the installation stands now: each gauge by its name, from counters and first records, with no scan. */
export async function readGauges(ports: {
  readonly table: Table;
  readonly clock: Clock;
  readonly vulnerabilityMirror?: VulnerabilityMirror;
}): Promise<Readonly<Record<GaugeName, number>>> {
  const { table, clock, vulnerabilityMirror } = ports;
  const [waiting, running, oldest, letters, maintenance, vulnerabilities] = await Promise.all([
    waitingBuilds(table, 'installation'),
    runningBuilds(table, 'installation'),
    oldestEventAt(table),
    listLetters(ports, 'open', { limit: mostLetters }),
    readMaintenance(table),
    // Of data that nobody mirrors any more there is nothing to say.
    vulnerabilityMirror === undefined ? undefined : readDataRecord(table),
  ]);
  const storedAt = vulnerabilities?.record.data?.storedAt;
  const secondsSince = (at: Date | undefined): number =>
    at === undefined ? 0 : Math.max(0, clock.now().getTime() - at.getTime()) / 1_000;
  return {
    lbuild_builds_waiting: waiting,
    lbuild_builds_running: running,
    lbuild_outbox_oldest_seconds: secondsSince(oldest),
    lbuild_vulnerability_data_age_seconds: secondsSince(storedAt === undefined ? undefined : new Date(storedAt)),
    lbuild_dead_letters_open: letters.letters.length,
    lbuild_maintenance: maintenance === undefined ? 0 : 1,
  };
}
