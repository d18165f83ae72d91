/** Name of the port in the machine: `/dev/virtio-ports/lbuild.test`. */
export const portName = 'lbuild.test';

const rule = `SUBSYSTEM=="virtio-ports", ATTR{name}=="${portName}", TAG+="systemd", ENV{SYSTEMD_WANTS}+="lbuild-test.service"\n`;

/**
 * A shell of root on the port. It ends where it reads before the port knows of this side, which it takes for the end of
 * its input: so it is started again.
 */
const unit = [
  '[Unit]',
  'Description=Test of the image',
  'StartLimitIntervalSec=0',
  '[Service]',
  'Restart=always',
  'RestartSec=500ms',
  `ExecStart=/bin/sh -c 'exec <>/dev/virtio-ports/${portName} >&0 2>&1; exec /bin/sh'`,
  '',
].join('\n');

const base64 = (text: string) => Buffer.from(text).toString('base64');

/**
 * What makes a shell in a machine whose image has none for it, as a line of SMBIOS (type 11): the credential
 * `tmpfiles.extra`, from which systemd (252 and later) makes files of the running system, in memory: a unit, and a rule
 * by which udev starts it when the port appears. The port is put in once both are there (see guest.ts).
 */
export function guestCredential(): string {
  const lines = [
    'd /run/udev/rules.d 0755 root root -',
    `f~ /run/udev/rules.d/99-lbuild-test.rules 0644 root root - ${base64(rule)}`,
    'd /run/systemd/system 0755 root root -',
    `f~ /run/systemd/system/lbuild-test.service 0644 root root - ${base64(unit)}`,
    '',
  ].join('\n');
  return `io.systemd.credential.binary:tmpfiles.extra=${base64(lines)}`;
}
