import { rm, rmdir } from 'node:fs/promises';
import { firstBootUnit } from '../../../../core/plan/programs/first-boot.ts';
import { type BootUnit, ensureBootUnit } from './boot-unit.ts';
import { certificateUnit } from './self-signed.ts';
import { existsInTree, type TreeAccess, writeTreeFile } from './tree-file.ts';

/**
 * A cluster of PostgreSQL, which its package makes when it is installed, holds an identifier and times of its own and
 * names the certificate of ssl-cert, which no image has: all machines of an image would have one, no build would make
 * the same bytes twice, and it would not start. So each system makes its own at its first start, with the settings of
 * /etc/postgresql-common/createcluster.conf and in the image's locale, and starts it.
 */
const unit: BootUnit = {
  name: 'lbuild-postgresql-cluster.service',
  program: '/usr/bin/pg_createcluster',
  text: `[Unit]
Description=Make the PostgreSQL cluster that this system does not have yet
Documentation=man:pg_createcluster(1)
ConditionPathExistsGlob=!/etc/postgresql/*/*/postgresql.conf
RequiresMountsFor=/etc/postgresql /var/lib/postgresql
After=network.target ${certificateUnit}
Before=postgresql.service ${firstBootUnit}

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
Environment=LANG=C.UTF-8
EnvironmentFile=-/etc/default/locale
ExecStart=/usr/lib/lbuild/make-postgresql-clusters

[Install]
WantedBy=multi-user.target
`,
};

const scriptPath = '/usr/lib/lbuild/make-postgresql-clusters';

/** As the package's maintainer script, for each version of the server. Systemd's generator then knows the clusters. */
const script = `#!/bin/sh
# Makes the main cluster of each installed PostgreSQL server, unless createcluster.conf says otherwise, and starts it.
set -eu
if [ "$(pg_conftool /etc/postgresql-common/createcluster.conf show -bs create_main_cluster 2>/dev/null)" = off ]; then
  exit 0
fi
for initdb in /usr/lib/postgresql/*/bin/initdb; do
  [ -x "$initdb" ] || continue
  version=\${initdb#/usr/lib/postgresql/}
  version=\${version%%/*}
  pg_createcluster --user postgres --no-status "$version" main
  systemctl daemon-reload
  systemctl start "postgresql@$version-main.service"
done
`;

/** Puts the unit that makes clusters in, enabled, where the tree has what makes them. Changes nothing where it is. */
export async function ensureClusterUnit(access: TreeAccess): Promise<void> {
  if (!(await existsInTree(access, unit.program)) || (await existsInTree(access, scriptPath))) return;
  await writeTreeFile(access, scriptPath, script, { mode: 0o755 });
  await ensureBootUnit(access, unit);
}

/** Read by the maintainer script as a part of createcluster.conf. */
const settingsFolder = '/etc/postgresql-common/createcluster.d';
const settingsPath = `${settingsFolder}/lbuild-build.conf`;

/** Installs packages without the cluster that PostgreSQL's maintainer script makes. */
export async function withoutClusters(access: TreeAccess, install: () => Promise<void>): Promise<void> {
  const hadFolder = await existsInTree(access, settingsFolder);
  await writeTreeFile(access, settingsPath, 'create_main_cluster = false\n', { mode: 0o644 });
  try {
    await install();
  } finally {
    await rm(await access.resolveInTree(settingsPath), { force: true });
    // It stays where something else of the packages is in it.
    if (!hadFolder) await rmdir(await access.resolveInTree(settingsFolder)).catch(() => undefined);
  }
}
