import { findingKey } from './finding.ts';
import type { Verdict } from './gate.ts';
import type { ScanFinding, ScanRecord } from './scan.ts';

/** What a later scan of a build says otherwise than an earlier one. Its packages are the same: the data is another. */
export interface ScanChanges {
  readonly verdict: { readonly before: Verdict; readonly after: Verdict };
  /** Findings that the earlier scan had not. */
  readonly appeared: readonly ScanFinding[];
  /** Findings that the later scan has no more. */
  readonly gone: readonly ScanFinding[];
  /** Findings of both that have another severity, status, fix, or place at the gate. */
  readonly changed: readonly { readonly before: ScanFinding; readonly after: ScanFinding }[];
  /** One of the scans holds only the first of its findings: what is beyond them is in no list. */
  readonly incomplete: boolean;
}

/** Compares two scans of one build, in the order of their findings. @throws RangeError of two builds */
export function compareScans(earlier: ScanRecord, later: ScanRecord): ScanChanges {
  if (earlier.buildId !== later.buildId) {
    throw new RangeError(`scans of two builds are not compared: ${earlier.buildId}, ${later.buildId}`);
  }
  const before = new Map(earlier.findings.map((finding) => [findingKey(finding), finding]));
  const after = new Set(later.findings.map(findingKey));
  return {
    verdict: { before: earlier.verdict, after: later.verdict },
    appeared: later.findings.filter((finding) => !before.has(findingKey(finding))),
    gone: earlier.findings.filter((finding) => !after.has(findingKey(finding))),
    changed: later.findings.flatMap((finding) => {
      const known = before.get(findingKey(finding));
      return known === undefined || isSame(known, finding) ? [] : [{ before: known, after: finding }];
    }),
    incomplete: earlier.cut || later.cut,
  };
}

function isSame(a: ScanFinding, b: ScanFinding): boolean {
  return a.severity === b.severity && a.status === b.status && a.fixedIn === b.fixedIn && a.gate === b.gate;
}
