import { check } from '../check.ts';
import { readAuditRules } from '../readers/audit-rules.ts';
import { seen } from '../readers/place.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/** Nobody switches the recording off. */
export const auditImmutable = check({
  id: 'audit-immutable',
  title: 'The rules of the audit cannot be changed until the next boot',
  severity: 'low',
  tag: 'image',
  clauses: { hipaa: ['164.312(b)'], 'pci-dss': ['10.3.2'] },
  how: 'The last -e in /etc/audit/rules.d is -e 2.',
  remedy: 'Write `-e 2` to the last file of /etc/audit/rules.d.',
  judge({ spec, tree }) {
    const { enabled } = readAuditRules(tree);
    const told = seen('-e', enabled, 'everybody with root’s rights can change the rules');
    return withoutSystem(spec) ?? judged(enabled?.value === '2' ? [] : [told], [told]);
  },
});
