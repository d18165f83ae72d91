import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { credentialsSchema } from '../../../cli/connection.ts';
import { LinuxBuilderClient } from '../../../sdk/client.ts';
import { project } from '../../support/engine.ts';
import { type Desk, deskAt } from './desk.ts';

/**
 * A reader of a new clone of this repository's newest commit, with an empty HOME, and nothing set up in it. Its engine is
 * that of its own quickstart; nothing reaches it before that has run.
 */
export async function openCloneDesk(): Promise<Desk> {
  const above = await mkdtemp(path.join(tmpdir(), 'lbuild-clone-'));
  const [folder, home] = [path.join(above, 'clone'), path.join(above, 'home')];
  await mkdir(home);
  execFileSync('git', ['clone', '--quiet', project, folder]);
  // What a machine needs to reach npm's registry is the machine's.
  const network = Object.entries(process.env).filter(([name]) => /^(NODE_EXTRA_CA_CERTS|.*_proxy)$/i.test(name));
  const desk: Desk = deskAt({
    folder,
    environment: {
      ...Object.fromEntries(network),
      ...{ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, LANG: 'C.UTF-8' },
    },
    client() {
      const file = path.join(folder, '.lbuild/credentials.json');
      return new LinuxBuilderClient(credentialsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))));
    },
    async leave() {
      if (existsSync(path.join(folder, '.lbuild'))) await desk.prepare('npx lbuild local down');
      await rm(above, { recursive: true, force: true });
    },
  });
  return desk;
}
