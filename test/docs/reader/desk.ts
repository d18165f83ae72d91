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

export interface ShellOptions {
  /** API key in place of the reader's own. */
  readonly key?: string;
  readonly input?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** What every reader of a document has: a folder, a shell in it, and an engine. */
export interface Desk {
  readonly folder: string;
  /** The reader's own. */
  readonly client: LinuxBuilderClient;
  /** Runs a line in the reader's shell. */
  shell(line: string, options?: ShellOptions): Promise<Ended>;
  /** Runs a line that no document has, and that must succeed. */
  prepare(line: string): Promise<void>;
  /** Writes a file into the folder. */
  file(name: string, content: string): Promise<void>;
  /** A build of a small spec, ended; the same steps are built once. */
  built(steps?: readonly SmallStep[]): Promise<string>;
  /** Makes something once, however often it is asked for. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A reader who owns a tenant of an engine in this process. */
export interface EngineDesk extends Desk {
  /** Address of the engine. */
  readonly url: string;
  readonly tenantId: string;
  /** The key of the installation's operator. */
  readonly operatorKey: string;
  readonly ports: Ports;
  /** Adds a member and answers their key. */
  keyOf(name: string, ...roles: string[]): Promise<string>;
}

/** Where a reader sits. */
export interface Seat {
  readonly folder: string;
  /** The environment of the shell. */
  readonly environment: NodeJS.ProcessEnv;
  /** The engine, when there is one. */
  client(): LinuxBuilderClient;
  leave(): Promise<void>;
}

/** A reader in a folder. */
export function deskAt({ folder, environment, client, leave }: Seat): Desk {
  const made = new Map<string, Promise<unknown>>();
  const desk: Desk = {
    folder,
    get client() {
      return client();
    },
    async shell(line, { key, input = '', environment: more = {} } = {}) {
      // Where its standard input is a socket, as it is here, bash reads what an interactive shell does.
      const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', line], {
        cwd: folder,
        env: { ...environment, ...(key === undefined ? {} : { LBUILD_API_KEY: key }), ...more },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      return { code: child.exitCode, out, err };
    },
    async prepare(line) {
      const { code, err } = await desk.shell(line);
      if (code !== 0) throw new Error(`${line}: exit code ${code}: ${err}`);
    },
    file: (name, content) => writeFile(path.join(folder, name), content),
    built: (steps = []) =>
      desk.once(JSON.stringify(steps), async () => {
        const { id } = await desk.client.startBuild(smallSpec(steps));
        await desk.client.waitForBuild(id, { pollMilliseconds: 200 });
        return id;
      }),
    once<T>(what: string, make: () => Promise<T>): Promise<T> {
      const known = made.get(what) ?? make();
      made.set(what, known);
      return known as Promise<T>;
    },
    close: leave,
  };
  return desk;
}

/** Compiled modules of the CLI are kept over all tests: each of a hundred starts takes half the time. */
const caches = path.join(project, '.cache');

/** A new reader of an engine, who owns a tenant of it. */
export async function openDesk(engine: EngineInProcess, name: string): Promise<EngineDesk> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-reader-'));
  const founded = await engine.client.tenants.create({ name, owner: { name: 'Reader' } });
  const ownerKey = textOf(founded);
  const client = new LinuxBuilderClient({ url: engine.url, apiKey: ownerKey });
  const desk = deskAt({
    folder,
    environment: {
      ...{ PATH: `${await toolsIn(folder)}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: folder, XDG_CACHE_HOME: caches },
      ...{ LBUILD_URL: engine.url, LBUILD_API_KEY: ownerKey },
    },
    client: () => client,
    leave: () => rm(folder, { recursive: true, force: true }),
  });
  return {
    ...desk,
    ...{ url: engine.url, ports: engine.ports, tenantId: founded.tenant.tenantId, operatorKey: engine.apiKey },
    keyOf: (member, ...roles) =>
      desk.once(`key of ${member}`, async () => {
        const { memberId } = await client.members.add({ kind: 'person', name: member, roles });
        return textOf(await client.keys.create({ name: member, memberId }));
      }),
  };
}

/** A folder with `lbuild` and `npx`, which in the project finds the same program in node_modules. */
async function toolsIn(folder: string): Promise<string> {
  const tools = path.join(folder, '.tools');
  await mkdir(tools);
  const call = `exec '${process.execPath}' '${path.join(project, 'cli/lbuild.mjs')}'`;
  const npx = `[ "$1" = lbuild ] || { echo "npx is for lbuild alone here, not $1" >&2; exit 99; }\nshift\n${call} "$@"`;
  const programs = { lbuild: `${call} "$@"`, npx };
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(path.join(tools, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return tools;
}

/** The text of a key that was just made. */
function textOf({ text: key }: { readonly text?: string }): string {
  if (key === undefined) throw new Error('the key was made before');
  return key;
}
