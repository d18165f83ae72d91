import { check } from '../check.ts';
import { readFile } from '../readers/drop-ins.ts';
import { seen } from '../readers/place.ts';
import { equalSettings } from '../readers/settings.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/** What was written down stays, and is for few to read. */
export const auditLogKept = check({
  id: 'audit-log-kept',
  title: 'The audit’s log is kept, and told of before its disk is full',
  severity: 'medium',
  tag: 'image',
  clauses: { 'pci-dss': ['10.3.1', '10.5.1'] },
  how: 'auditd.conf: max_log_file_action keeps logs, space_left_action tells somebody, log_group is root or adm; /var/log/audit is closed to others.',
  remedy:
    'Set max_log_file_action = keep_logs, space_left_action = email or exec or syslog, and the folder to 0750 or less.',
  judge({ spec, tree }) {
    const settings = new Map(
      [...equalSettings([readFile(tree, 'etc/audit/auditd.conf')])].map(([name, found]) => [name.toLowerCase(), found]),
    );
    const told = (name: string, usual: string) => seen(name, settings.get(name), usual);
    const value = (name: string) => settings.get(name)?.value.toLowerCase() ?? '';
    const mode = tree.find('var/log/audit')?.entry.mode;
    const wrong = [
      ...(value('max_log_file_action') === 'keep_logs' ? [] : [told('max_log_file_action', 'old logs are removed')]),
      ...(/^(?:email|exec|syslog|suspend|single|halt)$/.test(value('space_left_action'))
        ? []
        : [told('space_left_action', 'nobody is told')]),
      ...(['', 'root', 'adm'].includes(value('log_group')) ? [] : [told('log_group', '')]),
      ...(mode === undefined || (mode & 0o007) === 0
        ? []
        : [`/var/log/audit: ${mode.toString(8)}, others may read it`]),
    ];
    return withoutSystem(spec) ?? judged(wrong, [told('max_log_file_action', ''), told('space_left_action', '')]);
  },
});
