import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Ports } from '../../../core/ports/ports.ts';
import { LinuxBuilderClient } from '../../../sdk/client.ts';
import { project } from '../../support/engine.ts';
import type { EngineInProcess } from '../../support/engine-in-process.ts';
import { type SmallStep, smallSpec } from '../../support/small-spec.ts';

/** How a command has ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A reader of one document: a tenant, a folder, and a shell with `npx` and `lbuild`. */
export interface Desk {
  /** Address of the engine. */
  readonly url: string;
  readonly folder: string;
  readonly tenantId: string;
  /** As the tenant's owner. */
  readonly client: LinuxBuilderClient;
  /** The key of the installation's operator. */
  readonly operatorKey: string;
  /** Runs a line in the reader's shell. */
  shell(line: string, options?: ShellOptions): Promise<Ended>;
  /** Writes a file into the folder. */
  file(name: string, content: string): Promise<void>;
  /** A build of a small spec of the tenant, ended; the same steps are built once. */
  built(steps?: readonly SmallStep[]): Promise<string>;
  /** Adds a member and answers their key. */
  keyOf(name: string, ...roles: string[]): Promise<string>;
  /** Makes something once, however often it is asked for. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A reader of an engine in this process. */
export interface EngineDesk extends Desk {
  readonly ports: Ports;
}

export interface ShellOptions {
  readonly key?: string;
  readonly input?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Compiled modules of the CLI are kept over all tests: each of a hundred starts takes half the time. */
const caches = path.join(project, '.cache');

/** A new reader of an engine. */
export async function openDesk(engine: EngineInProcess, name: string): Promise<EngineDesk> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-reader-'));
  const tools = path.join(folder, '.tools');
  await mkdir(tools);
  const lbuild = path.join(project, 'cli/lbuild.mjs');
  const call = `exec '${process.execPath}' '${lbuild}'`;
  const executable = { mode: 0o755 };
  await writeFile(path.join(tools, 'lbuild'), `#!/bin/sh\n${call} "$@"\n`, executable);
  // In the project, npx finds the same program in node_modules; here it needs no second to look for it.
  const npx = `#!/bin/sh\n[ "$1" = lbuild ] || { echo "npx is for lbuild alone here, not $1" >&2; exit 99; }\nshift\n${call} "$@"\n`;
  await writeFile(path.join(tools, 'npx'), npx, executable);
  const founded = await engine.client.tenants.create({ name, owner: { name: 'Reader' } });
  const ownerKey = textOf(founded);
  const client = new LinuxBuilderClient({ url: engine.url, apiKey: ownerKey });
  const made = new Map<string, Promise<unknown>>();

  const desk: EngineDesk = {
    ...{
      url: engine.url,
      ports: engine.ports,
      folder,
      client,
      tenantId: founded.tenant.tenantId,
      operatorKey: engine.apiKey,
    },
    async shell(line, { key = ownerKey, input = '', environment = {} } = {}) {
      // Where its standard input is a socket, as it is here, bash reads what an interactive shell does.
      const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', line], {
        cwd: folder,
        env: {
          ...{ PATH: `${tools}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: folder, XDG_CACHE_HOME: caches },
          ...{ LBUILD_URL: engine.url, LBUILD_API_KEY: key, ...environment },
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      return { code: child.exitCode, out, err };
    },
    file: (file, content) => writeFile(path.join(folder, file), content),
    built: (steps = []) =>
      desk.once(JSON.stringify(steps), async () => {
        const { id } = await client.startBuild(smallSpec(steps));
        await client.waitForBuild(id, { pollMilliseconds: 200 });
        return id;
      }),
    keyOf: (member, ...roles) =>
      desk.once(`key of ${member}`, async () => {
        const { memberId } = await client.members.add({ kind: 'person', name: member, roles });
        return textOf(await client.keys.create({ name: member, memberId }));
      }),
    once<T>(what: string, make: () => Promise<T>): Promise<T> {
      const known = made.get(what) ?? make();
      made.set(what, known);
      return known as Promise<T>;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
  return desk;
}

/** The text of a key that was just made. */
function textOf({ text }: { readonly text?: string }): string {
  if (text === undefined) throw new Error('the key was made before');
  return text;
}
