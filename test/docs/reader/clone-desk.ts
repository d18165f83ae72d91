import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { LinuxBuilderClient } from '../../../sdk/client.ts';
import { project } from '../../support/engine.ts';
import { smallSpec } from '../../support/small-spec.ts';
import type { Desk } from './desk.ts';

const credentialsSchema = z.looseObject({ url: z.url(), apiKey: z.string(), tenantId: z.string().default('') });

/**
 * A reader of a new clone of this repository's newest commit, with an empty HOME, and nothing set up in it. Its engine is
 * that of its own quickstart; nothing reaches it before that has run.
 */
export async function openCloneDesk(): Promise<Desk> {
  const above = await mkdtemp(path.join(tmpdir(), 'lbuild-clone-'));
  const [folder, home] = [path.join(above, 'clone'), path.join(above, 'home')];
  await mkdir(home);
  execFileSync('git', ['clone', '--quiet', project, folder]);
  const made = new Map<string, Promise<unknown>>();
  const credentials = () =>
    credentialsSchema.parse(JSON.parse(readFileSync(path.join(folder, '.lbuild/credentials.json'), 'utf8')));
  // What a machine needs to reach npm's registry is the machine's.
  const network = Object.entries(process.env).filter(([name]) => /^(NODE_EXTRA_CA_CERTS|.*_proxy)$/i.test(name));

  const desk: Desk = {
    folder,
    get url() {
      return credentials().url;
    },
    get tenantId() {
      return credentials().tenantId;
    },
    get operatorKey() {
      return credentials().apiKey;
    },
    get client() {
      return new LinuxBuilderClient(credentials());
    },
    async shell(line, { key, input = '', environment = {} } = {}) {
      // Where its standard input is a socket, as it is here, bash reads what an interactive shell does.
      const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', line], {
        cwd: folder,
        env: {
          ...Object.fromEntries(network),
          ...{ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, LANG: 'C.UTF-8' },
          ...(key === undefined ? {} : { LBUILD_API_KEY: key }),
          ...environment,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      return { code: child.exitCode, out, err };
    },
    file: (name, content) => writeFile(path.join(folder, name), content),
    built: (steps = []) =>
      desk.once(JSON.stringify(steps), async () => {
        const { id } = await desk.client.startBuild(smallSpec(steps));
        await desk.client.waitForBuild(id, { pollMilliseconds: 200 });
        return id;
      }),
    keyOf: (name) => Promise.reject(new Error(`${name}: a clone's reader is its engine's only member`)),
    once<T>(what: string, make: () => Promise<T>): Promise<T> {
      const known = made.get(what) ?? make();
      made.set(what, known);
      return known as Promise<T>;
    },
    async close() {
      if (existsSync(path.join(folder, '.lbuild'))) await desk.shell('npx lbuild local down');
      await rm(above, { recursive: true, force: true });
    },
  };
  return desk;
}
