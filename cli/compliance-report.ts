import { printable } from '../core/builds/printable.ts';
import type { CheckChange, ReadScanResponse, Recheck, RecheckedBuild, ScanList } from '../sdk/generated/types.gen.ts';

type Scan = ScanList['scans'][number];

/** A scan in one line: its id, day, kind, cause, state and counts. */
export function scanLine(scan: Scan): string {
  const { id, at, kind, cause, state } = scan;
  return [id, at, kind.padEnd(15), cause.padEnd(7), state.padEnd(6), countsText(scan)].join('  ');
}

function countsText(scan: Scan): string {
  if (scan.kind === 'vulnerabilities') {
    const { critical, high, medium, low } = scan.counts;
    return `${critical.found} critical, ${high.found} high, ${medium.found} medium, ${low.found} low`;
  }
  return scan.profiles
    .map(
      ({ id, state, counts }) => `${id} ${state} (${counts.pass} pass, ${counts.fail} fail, ${counts.manual} manual)`,
    )
    .join(', ');
}

/** What a scan found that does not pass: each check with what was seen and what mends it, or each finding. */
export function scanText({ scan, report }: ReadScanResponse): string {
  const lines = [scanLine(scan)];
  if ('findings' in report) {
    for (const { severity, advisory, source, status, fixedIn } of report.findings) {
      const fix = fixedIn === undefined ? status : `fixed in ${fixedIn}`;
      lines.push(printable(`${severity.padEnd(10)}  ${advisory}  ${source}  ${fix}`));
    }
    return lines.join('\n');
  }
  for (const { check, severity, state, title, evidence, remedy, waiver } of report.results) {
    if (state !== 'fail' && state !== 'manual') continue;
    const waived = waiver === undefined ? '' : `; waived by ${waiver.owner} until ${waiver.expires}`;
    lines.push('', printable(`${state}  ${severity}  ${check}: ${title}${waived}`));
    lines.push(...evidence.slice(0, 5).map((line) => printable(`  ${line}`)), printable(`  remedy: ${remedy}`));
  }
  return lines.join('\n');
}

/** What a build came to when it was judged again. */
export function recheckedText({ scan, isNew, changes }: Recheck): string {
  return [
    scanLine(scan),
    isNew ? 'since the scan before:' : 'nothing has changed since',
    ...changes.map(changeLine),
  ].join('\n');
}

/** A build of a recheck of all in one line, and the checks that came to something else. */
export function recheckLine({ build, name, was, now, enforced, changes, problem }: RecheckedBuild): string {
  const verdict = problem === undefined ? `${was} -> ${now ?? ''}` : `${was}, and not judged: ${problem.detail}`;
  const line = `${build}  ${printable(name)}  ${verdict}${enforced === true ? '  (enforced)' : ''}`;
  return [line, ...changes.map(changeLine)].join('\n');
}

/** Of a check that was, or is, not among those of the profiles. */
const absent = 'none';

const changeLine = ({ check, before, after }: CheckChange): string =>
  `  ${check}: ${before ?? absent} -> ${after ?? absent}`;
