import { check } from '../check.ts';
import { type AuditRules, readAuditRules } from '../readers/audit-rules.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/** Files whose changes are recorded. */
export const watchedFiles: Readonly<Record<string, readonly string[]>> = {
  identity: ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/gshadow', '/etc/security/opasswd'],
  privilege: ['/etc/sudoers', '/etc/sudoers.d'],
  logins: ['/var/log/lastlog', '/var/run/faillock'],
  time: ['/etc/localtime'],
};
/** System calls that are recorded, each of programs of 64 bits and of 32. */
export const recordedCalls: Readonly<Record<string, readonly string[]>> = {
  deletion: ['unlink', 'unlinkat', 'rename', 'renameat'],
  mounts: ['mount'],
  time: ['adjtimex', 'settimeofday', 'clock_settime'],
};
/** Calls that processors newer than these have no number for (arm64 has only the `at` forms). */
export const olderCalls: ReadonlySet<string> = new Set(['unlink', 'rename']);

/** What matters is among what is recorded. */
export const auditRules = check({
  id: 'audit-rules',
  title: 'Changes of accounts, privileges and time, deletions and mounts are recorded',
  severity: 'medium',
  tag: 'image',
  clauses: { hipaa: ['164.312(b)'], 'pci-dss': ['10.2.1', '10.2.1.5', '10.2.1.7'], soc2: ['CC7.2'] },
  how: 'The rules in /etc/audit/rules.d, as augenrules loads them: watches of files for writing and attributes, and rules of system calls.',
  remedy: 'Write such rules to a file of /etc/audit/rules.d.',
  judge({ spec, tree }) {
    const rules = readAuditRules(tree);
    const files = Object.entries(watchedFiles).flatMap(([subject, paths]) =>
      paths.flatMap((path) =>
        watches(rules, path) ? [] : [`/etc/audit/rules.d: no rule records changes of ${path} (${subject})`],
      ),
    );
    const arm = spec.base.architecture === 'arm64';
    const calls = Object.entries(recordedCalls).flatMap(([subject, names]) =>
      names.flatMap((name) => {
        if (arm && olderCalls.has(name)) return [];
        const of = (bits: 32 | 64) =>
          rules.calls.some(
            (rule) =>
              (rule.bits === bits || rule.bits === undefined) &&
              (rule.names.includes(name) || rule.names.includes('all')),
          );
        const missing = ([64, 32] as const).filter((bits) => !of(bits) && !(arm && bits === 32));
        return missing.map(
          (bits) => `/etc/audit/rules.d: no rule records ${name} of programs of ${bits} bits (${subject})`,
        );
      }),
    );
    const seen = `/etc/audit/rules.d: ${rules.watches.length} watches, ${rules.calls.length} rules of system calls`;
    return withoutSystem(spec) ?? judged([...files, ...calls], [seen]);
  },
});

/** /var/run is /run in every image of systemd. */
const samePath = (path: string): string => path.replace(/^\/var\/run\//, '/run/');

const watches = (rules: AuditRules, path: string): boolean =>
  rules.watches.some((watch) => {
    const at = samePath(watch.path);
    const wanted = samePath(path);
    return (
      (wanted === at || wanted.startsWith(`${at}/`)) &&
      watch.permissions.includes('w') &&
      watch.permissions.includes('a')
    );
  });
