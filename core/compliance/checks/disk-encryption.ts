import { check } from '../check.ts';
import { manual, notApplicable } from '../verdicts.ts';

/** What lies on the disk is nobody’s to read who carries it away. */
export const diskEncryption = check({
  id: 'disk-encryption',
  title: 'What is stored is encrypted',
  severity: 'high',
  tag: 'site',
  clauses: { hipaa: ['164.312(a)(2)(iv)'], 'pci-dss': ['3.5.1.2'], soc2: ['CC6.7'] },
  how: 'No image of this engine is encrypted: its key would be in everybody’s hands. The disk that it is put on can be, by its cloud or by LUKS, which a person has to look at.',
  remedy: 'Have the volume encrypted where the image is put, and waive this check with where that is shown.',
  judge({ spec, tree }) {
    const types = spec.outputs.map(({ type }) => type);
    if (types.every((type) => type === 'oci' || type === 'docker'))
      return notApplicable('a container has no disk of its own');
    const table =
      tree
        .text('etc/crypttab')
        ?.split('\n')
        .filter((line) => /^\s*[^#\s]/.test(line)) ?? [];
    const live = types.filter((type) => type === 'iso' || type === 'netboot');
    return manual(
      ...([`spec: outputs ${types.join(', ')}: none is encrypted by the engine`] as const),
      ...(live.length > 0 ? [`${live.join(', ')}: a live system is read only, and what it writes is in memory`] : []),
      ...table.map((line) => `/etc/crypttab: ${line.trim()}`),
    );
  },
});
