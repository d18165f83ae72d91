import { percentile } from '../percentile.ts';
import type { TenantsResult } from './tenants-result.ts';
import type { TenantsOptions, TenantsRun } from './tenants-run.ts';

/** The tables of docs/simulation.md that a run of many tenants gives. */
export function tenantsReport(options: TenantsOptions, run: TenantsRun, result: TenantsResult): string {
  const { tenants, builds, slots, seed } = options;
  const limited = run.tenants.filter(({ tenant }) => tenant.kind === 'limited');
  return [
    `${number(builds)} builds of ${number(tenants)} tenants on ${number(slots)} slots, seed ${seed}.`,
    table(
      [
        'weight',
        'tenants',
        'builds',
        'slots got / by weight: least, most',
        'wait, min: p50, p95, longest',
        'longest pause / fair turn',
      ],
      result.weights.map(({ weight, tenants: own, builds: all, share, waits, pause }) => [
        String(weight),
        number(own),
        number(all),
        `${share.least.toFixed(3)}, ${share.most.toFixed(3)}`,
        [0.5, 0.95, 1].map((part) => (percentile(waits, part) / 60_000).toFixed(1)).join(', '),
        pause.toFixed(2),
      ]),
    ),
    table(
      ['what', 'count'],
      [
        ['hours in which all contended, of all', `${hours(result.contended)} of ${hours(result.makespan)}`],
        ['builds that ended', number(result.ended)],
        ['builds of limited tenants', number(limited.reduce((sum, one) => sum + one.builds.length, 0))],
        ['refusals by quotas', number(run.mishaps.refusals)],
        ['of these for good: no image left', number(result.refusedForGood)],
        ['functions killed or too late', number(run.mishaps.kills)],
        ['times the dispatcher read everything anew', number(run.dispatcher.rereads)],
        ['events that came twice', number(run.mishaps.duplicates)],
        ['events that never came', number(run.mishaps.lost)],
        ['leases that the sweeper settled', number(run.swept.settled)],
        ['counters that the sweeper had to mend', number(run.swept.mended)],
        ['counters compared with their leases at the end', number(result.counters)],
      ],
    ),
  ].join('\n\n');
}

const hours = (milliseconds: number): string => (milliseconds / 3_600_000).toFixed(1);
const number = (value: number): string => value.toLocaleString('en-US');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
