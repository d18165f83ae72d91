import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readInspection } from '../../../containers/builder/programs/inspection/read-inspection.ts';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { BuildFacts, Verdict } from '../../../core/compliance/check.ts';
import { checkNamed } from '../../../core/compliance/checks.ts';
import { InspectedTree } from '../../../core/compliance/inspected-tree.ts';
import { inspectOptions } from '../../../core/plan/programs/inspect.ts';
import type { Inspection } from '../../../core/plan/programs/inspection.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import { hostCommand } from './host-command.ts';

/** What lies at a path of a tree that a test writes down. A text is a file of root’s, mode 0644. */
export type Node =
  | string
  | {
      readonly text?: string;
      readonly link?: string;
      readonly folder?: true;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
      readonly xattrs?: Readonly<Record<string, string>>;
    };
/** By path, relative to the root; `null` takes away what the tree had. */
export type Tree = Readonly<Record<string, Node | null>>;

/** Reads a tree that is written down as the step program reads that of a build: contents from a folder, the rest from the index. */
export async function inspectTree(tree: Tree): Promise<Inspection> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-judged-'));
  try {
    const entries = new Map<string, LayerEntry>();
    const put = (entry: LayerEntry) => entries.set(entry.path, entry);
    for (const [name, given] of Object.entries(tree)) {
      if (given === null) continue;
      const node = typeof given === 'string' ? { text: given } : given;
      for (let at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1)) {
        const above = name.slice(0, at);
        if (!entries.has(above)) put({ path: above, type: 'directory', mode: 0o755, uid: 0, gid: 0 });
      }
      const { mode, uid = 0, gid = 0, xattrs } = node;
      const owner = { path: name, uid, gid, ...(xattrs === undefined ? {} : { xattrs }) };
      if (node.link !== undefined) put({ ...owner, type: 'symlink', mode: 0o777, target: node.link });
      else if (node.folder === true) put({ ...owner, type: 'directory', mode: mode ?? 0o755 });
      else {
        const bytes = Buffer.from(node.text ?? '');
        await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
        await writeFile(path.join(folder, name), bytes);
        const digest = createHash('sha256').update(bytes).digest('hex');
        put({ ...owner, type: 'file', mode: mode ?? 0o644, size: bytes.length, digest });
      }
    }
    const source = { entries, place: (name: string) => Buffer.from(path.join(folder, name)) };
    const tools = { exec: hostCommand, progress: () => undefined, signal: new AbortController().signal };
    return await readInspection(source, inspectOptions(), tools);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A resolved spec of trixie with an ISO, and what is laid over it. */
export function specWith(over: object = {}): ResolvedSpec {
  const base = { distribution: 'debian', release: 'trixie', architecture: 'amd64' };
  const checked = checkSpec(
    { schemaVersion: 1, name: 'judged', base, ...over },
    { architectures: ['amd64', 'arm64'], outputs: ['iso', 'raw', 'tar', 'oci', 'docker', 'wsl', 'netboot'] },
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
  return checked.spec;
}

/** What is judged beside a tree. */
export interface Beside {
  readonly spec?: object;
  readonly build?: Partial<BuildFacts>;
  readonly values?: object;
}

/** What one check says of a tree. */
export async function judgeTree(id: string, tree: Tree, beside: Beside = {}): Promise<Verdict> {
  return judgeInspection(id, await inspectTree(tree), beside);
}

/** What one check says of a tree that was read. */
export function judgeInspection(
  id: string,
  found: Inspection,
  { spec = {}, build = {}, values = {} }: Beside = {},
): Verdict {
  const check = checkNamed(id);
  return check.judge({
    spec: specWith(spec),
    tree: new InspectedTree(found),
    found,
    build: { evidence: true, specDigest: 'a'.repeat(64), approvals: 0, ...build },
    values: check.parameters?.parse(values) ?? {},
  });
}

/** A dpkg status with these packages installed. */
export const installed = (...names: readonly string[]): string =>
  names
    .map((name) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n`)
    .join('\n');

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
