import { check } from '../check.ts';
import { dropIns, readFile } from '../readers/drop-ins.ts';
import { linesOf } from '../readers/place.ts';
import { systemdSettings } from '../readers/settings.ts';
import { readUnits } from '../readers/units.ts';
import { manual, pass, withoutSystem } from '../verdicts.ts';

/** What happened is known elsewhere too. */
export const remoteLog = check({
  id: 'remote-log',
  title: 'Logs are sent to another machine over TLS',
  severity: 'medium',
  tag: 'site',
  clauses: { hipaa: ['164.312(b)'], 'pci-dss': ['10.3.3'], soc2: ['CC7.2'] },
  how: 'systemd-journal-upload starts and its URL is https, or rsyslog starts and forwards with the gtls or ossl driver. Without either, agents that come with a first boot may do it, which a person has to look at.',
  remedy: 'Configure systemd-journal-upload with an https URL, or rsyslog with TLS; or waive this with where logs go.',
  judge({ spec, tree }) {
    const none = withoutSystem(spec);
    if (none !== undefined) return none;
    const units = readUnits(tree);
    const url = systemdSettings(tree, 'journal-upload.conf', 'Upload').get('URL');
    const uploads = units.state('systemd-journal-upload.service') === 'enabled';
    if (uploads && url?.value.startsWith('https://') === true) return pass(`${url.place}: URL=${url.value}`);
    const files = [readFile(tree, 'etc/rsyslog.conf'), ...dropIns(tree, ['etc/rsyslog.d'], '.conf')];
    const lines = files.flatMap((file) => (file === undefined ? [] : linesOf(file.path, file.text)));
    const driver = lines.find(({ text }) =>
      /streamdriver(?:\.name)?\s*=?\s*"?(?:gtls|ossl)|defaultnetstreamdriver\s+(?:gtls|ossl)/i.test(text),
    );
    const target = lines.find(({ text }) => /type\s*=\s*"omfwd"|^[^#]*\s@@[^\s]/.test(text));
    if (units.state('rsyslog.service') === 'enabled' && driver !== undefined && target !== undefined)
      return pass(`${target.place}: ${target.text.slice(0, 200)}`, `${driver.place}: ${driver.text.slice(0, 200)}`);
    return manual(
      url === undefined
        ? 'journal-upload.conf: no URL'
        : `${url.place}: URL=${url.value}${uploads ? '' : ', and systemd-journal-upload does not start'}`,
      target === undefined ? 'rsyslog: forwards nothing' : `${target.place}: ${target.text.slice(0, 200)}`,
    );
  },
});
