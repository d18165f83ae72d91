import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The account files and folders of a minimal system, as data: enough for the programs that edit a tree. */
export const smallTree: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nshadow:x:42:\nwww-data:x:33:\nsudo:x:27:\n',
  'etc/shadow': 'root:*:20000:0:99999:7:::\nwww-data:*:20000:0:99999:7:::\n',
  'etc/gshadow': 'root:*::\nshadow:*::\nwww-data:*::\nsudo:*::\n',
  'etc/subuid': '',
  'etc/subgid': '',
  'etc/login.defs': 'UID_MIN 1000\nHOME_MODE\t0700\n',
  'etc/skel/.profile': '# profile\n',
  'bin/bash': '',
  'usr/share/zoneinfo/Europe/Berlin': 'TZif',
  'usr/share/i18n/SUPPORTED': 'de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n',
  'usr/lib/systemd/system/nginx.service': '[Unit]\nDescription=x\n[Install]\nWantedBy=multi-user.target\n',
  'usr/lib/systemd/system/getty@.service': '[Unit]\nDescription=x\n[Install]\nWantedBy=getty.target\n',
};

/** Writes files, by path below the tree, with their folders. */
export async function plant(tree: string, files: Readonly<Record<string, string>> = smallTree): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content);
  }
}
