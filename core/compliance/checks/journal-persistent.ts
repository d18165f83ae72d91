import { check } from '../check.ts';
import { seen } from '../readers/place.ts';
import { systemdSettings } from '../readers/settings.ts';
import { judged, withoutSystem } from '../verdicts.ts';

/** The log outlives the boot. */
export const journalPersistent = check({
  id: 'journal-persistent',
  title: 'The journal is kept on the disk',
  severity: 'medium',
  tag: 'image',
  clauses: { base: ['Logs'], hipaa: ['164.312(b)'], 'pci-dss': ['10.5.1'], soc2: ['A1.2', 'CC7.2'] },
  how: 'Storage of journald.conf and its drop-ins is persistent, or auto where /var/log/journal is there.',
  remedy: 'Set Storage=persistent in a file of /etc/systemd/journald.conf.d.',
  judge({ spec, tree }) {
    const storage = systemdSettings(tree, 'journald.conf', 'Journal').get('Storage');
    const folder = tree.find('var/log/journal')?.entry.type === 'directory';
    const told = seen('Storage', storage, 'auto');
    const value = storage?.value.toLowerCase() ?? 'auto';
    const kept = value === 'persistent' || (value === 'auto' && folder);
    return (
      withoutSystem(spec) ?? judged(kept ? [] : [folder ? told : `${told}, and there is no /var/log/journal`], [told])
    );
  },
});
