import { readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BootUnit, ensureBootUnit } from './boot-unit.ts';
import { type TreeAccess, typeOf } from './tree-file.ts';

/** Name of the unit, after which starts what reads the certificate. */
export const certificateUnit = 'lbuild-ssl-cert.service';

/**
 * Layers never hold the self-signed certificate that the package ssl-cert makes, nor its key (layers/normalise.ts), and
 * servers whose configuration names them would not start without. So each system makes its own at its first start,
 * for its own name.
 */
const unit: BootUnit = {
  name: certificateUnit,
  program: '/usr/sbin/make-ssl-cert',
  text: `[Unit]
Description=Make the self-signed certificate that this system does not have yet
Documentation=man:make-ssl-cert(8)
ConditionPathExists=|!/etc/ssl/private/ssl-cert-snakeoil.key
ConditionPathExists=|!/etc/ssl/certs/ssl-cert-snakeoil.pem
Before=apache2.service dovecot.service exim4.service nginx.service postfix.service postgresql.service lbuild-first-boot.service

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=DEBIAN_FRONTEND=noninteractive
ExecStart=/usr/sbin/make-ssl-cert generate-default-snakeoil

[Install]
WantedBy=multi-user.target
`,
};

/** Puts the unit for the certificate of ssl-cert in, enabled, where the tree has that. Changes nothing where it is. */
export function ensureCertificateUnit(access: TreeAccess): Promise<void> {
  return ensureBootUnit(access, unit);
}

/**
 * Removes the links to the certificate that its maker has put beside it: their names are digests of the subject, which is
 * the builder's host name, and without the certificate they lead nowhere.
 */
export async function withoutCertificateLinks(access: TreeAccess): Promise<void> {
  const folder = await access.resolveInTree('/etc/ssl/certs');
  if ((await typeOf(folder)) !== 'folder') return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isSymbolicLink() || !/^[0-9a-f]{8}\.\d+$/.test(entry.name)) continue;
    const link = join(folder, entry.name);
    if ((await readlink(link)) === 'ssl-cert-snakeoil.pem') await rm(link);
  }
}
