import type { TreeChange } from '../../plan/programs/remediate.ts';
import type { ResolvedSpec } from '../../spec/schema.ts';
import { onlyContainers } from '../verdicts.ts';
import { wantedRemedies } from './remedies.ts';
import { bootsKernel } from './remedy.ts';

/** What remediation does to a tree, and what it leaves to people. */
export interface TreeRemediation {
  readonly changes: readonly TreeChange[];
  /** Checks that the changes or the amended spec make pass. */
  readonly remedied: readonly string[];
  /** Checks of the profiles that have no remedy. */
  readonly byHand: readonly string[];
  /** Files that the spec writes itself, and that are left as it has them. */
  readonly left: readonly string[];
}

/**
 * The changes of the tree by which the checks of a spec pass, in the order of reports; undefined where the spec asks for
 * no remediation. A file that the spec writes or removes is its own: what would change it is left out, and the check
 * judges it as it is.
 */
export function treeRemediation(spec: ResolvedSpec): TreeRemediation | undefined {
  if (spec.compliance?.remediate !== true) return undefined;
  const own = new Set([...spec.files, ...(spec.remove ?? [])].map(({ path }) => path));
  const left = new Set<string>();
  const wanted = wantedRemedies(spec.compliance);
  const applied = wanted.filter(({ remedy }) => !(remedy?.system === true && onlyContainers(spec)));
  const boots = bootsKernel(spec);
  const changes = applied.flatMap(({ remedy, values }) =>
    (remedy?.changes?.({ spec, values, boots }) ?? []).filter((change) => {
      const taken = filesOf(change).filter((path) => own.has(path));
      for (const path of taken) left.add(path);
      return taken.length === 0;
    }),
  );
  return {
    changes,
    remedied: applied.flatMap(({ check, remedy }) => (remedy === undefined ? [] : check.id)),
    byHand: applied.flatMap(({ check, remedy }) => (remedy === undefined ? check.id : [])),
    left: [...left],
  };
}

/** The files that a change writes, or that it is about. */
function filesOf(change: TreeChange): string[] {
  switch (change.kind) {
    case 'write':
    case 'link':
      return [change.path, ...(change.ifThere === undefined ? [] : [change.ifThere])];
    case 'setting':
    case 'mode':
      return [change.path];
    case 'pam-profiles':
      return ['auth', 'account', 'password'].map((type) => `/etc/pam.d/common-${type}`);
    case 'su-group':
      return ['/etc/pam.d/su'];
    case 'tls-floor':
      return ['/etc/ssl/openssl.cnf'];
    default:
      return [];
  }
}
