import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { project } from '../docs/markdown.ts';
import { ended } from './release-repository.ts';
import { openWorkflowParser } from './workflow-parser.ts';

const folder = path.join(project, '.github/workflows');
const workflows = readdirSync(folder);
const textOf = (name: string) => readFileSync(path.join(folder, name), 'utf8');

let parser: Awaited<ReturnType<typeof openWorkflowParser>>;
beforeAll(async () => {
  parser = await openWorkflowParser();
});

/** What GitHub's own parser has to say of a workflow. */
async function errorsOf(name: string, content: string): Promise<readonly string[]> {
  const { context, value } = parser.parseWorkflow({ name, content }, new parser.NoOperationTraceWriter());
  if (value !== undefined) await parser.convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map(({ message }) => message);
}

const stepSchema = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const permissionsSchema = z.record(z.string(), z.enum(['read', 'write', 'none']));
const jobSchema = z.looseObject({
  needs: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
  permissions: permissionsSchema.optional(),
  uses: z.string().optional(),
  'timeout-minutes': z.number().optional(),
  steps: z.array(stepSchema).default([]),
});
const workflowSchema = z.looseObject({
  on: z.unknown(),
  permissions: permissionsSchema,
  concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.boolean() }),
  jobs: z.record(z.string(), jobSchema),
});
const release = workflowSchema.parse(parse(textOf('release.yml')));
const jobs = Object.entries(release.jobs);
const steps = jobs.flatMap(([, job]) => job.steps);

/** All jobs that must have succeeded before a job begins. */
function needed(name: string): ReadonlySet<string> {
  const direct = release.jobs[name]?.needs ?? [];
  return new Set(direct.flatMap((need) => [need, ...needed(need)]));
}

describe.each(workflows)('the workflow %s', (name) => {
  it('is one to GitHub', async () => {
    expect(await errorsOf(name, textOf(name))).toEqual([]);
  });

  it('gives no text of events to a shell', () => {
    const { jobs: all } = workflowSchema.pick({ jobs: true }).parse(parse(textOf(name)));
    for (const step of Object.values(all).flatMap((job) => job.steps)) expect(step.run ?? '').not.toContain('${{');
  });
});

it('GitHub’s parser sees what is wrong', async () => {
  const text = textOf('release.yml');
  for (const [from, to] of [
    ['needs: [check, publish]', 'needs: [check, publsh]'],
    ['timeout-minutes: 10', 'timeout-minute: 10'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's expressions look like that
    ['${{ github.token }}', '${{ github.token'],
    ['id-token: write', 'id-token: always'],
  ] as const) {
    expect(text).toContain(from);
    expect(await errorsOf('release.yml', text.replace(from, to)), to).not.toEqual([]);
  }
});

describe('the release', () => {
  it('begins with a tag of a version, one at a time', () => {
    expect(release.on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+*'] } });
    expect(release.concurrency).toEqual({ group: 'release', 'cancel-in-progress': false });
  });

  it('publishes what is checked, tested as CI tests, and packed; GitHub tells of it after that', () => {
    expect(needed('publish')).toEqual(new Set(['check', 'test', 'pack']));
    expect(release.jobs.test?.uses).toBe('./.github/workflows/ci.yml');
    expect(needed('github-release')).toContain('publish');
    expect(z.looseObject({ on: z.record(z.string(), z.unknown()) }).parse(parse(textOf('ci.yml'))).on).toHaveProperty(
      'workflow_call',
    );
  });

  it('gives each job what it needs: the identity to one that installs nothing, writing to another; no secret to any', () => {
    expect(release.permissions).toEqual({});
    expect(Object.fromEntries(jobs.map(([name, { permissions }]) => [name, permissions]))).toEqual({
      ...{ check: { contents: 'read' }, test: { contents: 'read' }, pack: { contents: 'read' } },
      publish: { contents: 'read', 'id-token': 'write' },
      'github-release': { contents: 'write' },
    });
    expect(textOf('release.yml')).not.toMatch(/secrets\.|NODE_AUTH_TOKEN|_authToken/);
    for (const name of ['publish', 'github-release']) {
      const commands = (release.jobs[name]?.steps ?? []).map(({ run = '' }) => run);
      expect(commands.join('\n')).not.toMatch(/npm (ci|install|exec)|npx/);
    }
    const checkouts = jobs.flatMap(([name, job]) =>
      job.steps
        .filter(({ uses }) => uses?.startsWith('actions/checkout@'))
        .map((step) => [name, step.with?.['persist-credentials']]),
    );
    expect(Object.fromEntries(checkouts)).toEqual({
      check: false,
      pack: false,
      publish: false,
      'github-release': true,
    });
  });

  it('takes the code of actions by commit, and has an end to each job', () => {
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const name of used) expect(name).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
    expect(textOf('release.yml').match(/uses: actions\/\S+ # v\d+\.\d+\.\d+$/gm)).toHaveLength(used.length);
    for (const [name, job] of jobs) if (job.uses === undefined) expect(job['timeout-minutes'], name).toBeDefined();
  });

  it('calls scripts that are there; those with rights import nothing but Node’s own', () => {
    const called = (names: readonly string[]) =>
      names.flatMap((name) => [
        ...(release.jobs[name]?.steps ?? []).flatMap(({ run = '' }) => run.match(/scripts\/\S+/g) ?? []),
      ]);
    const all = called(jobs.map(([name]) => name));
    expect(all).toHaveLength(4);
    for (const file of all) expect(existsSync(path.join(project, file)), file).toBe(true);
    const queue = called(['publish', 'github-release']).map((file) => path.join(project, file));
    expect(queue).toHaveLength(2);
    for (const file of queue) {
      for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)[ (]*'([^']+)'/g)) {
        if (from.startsWith('.')) queue.push(path.resolve(path.dirname(file), from));
        else expect(from, file).toMatch(/^node:/);
      }
    }
  });
});

describe('the step that makes the release on GitHub', () => {
  const step = steps.find(({ run }) => run?.includes('gh release create'));
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'lbuild-gh-'));
    await mkdir(path.join(root, 'bin'));
    await mkdir(path.join(root, 'release'));
    for (const name of ['a.tgz', 'b.tgz', 'SHA256SUMS', 'NOTES.md'])
      await writeFile(path.join(root, 'release', name), name);
    // Stands for GitHub's program: writes down how it is called, an argument a line, and knows the releases of a file.
    const gh = '#!/bin/sh\nprintf "%s\\n" "$@" >> calls\nif [ "$2" = view ]; then grep -qx "$3" releases; fi\n';
    await writeFile(path.join(root, 'bin/gh'), gh);
    await chmod(path.join(root, 'bin/gh'), 0o755);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** Runs it as GitHub's runner does. */
  async function calls(releases: string, prerelease: string): Promise<readonly string[]> {
    await writeFile(path.join(root, 'releases'), releases);
    await writeFile(path.join(root, 'calls'), '');
    const env = { PATH: `${root}/bin:${process.env.PATH}`, GITHUB_REF_NAME: 'v1.2.3', PRERELEASE: prerelease };
    const told = await ended('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', step?.run ?? 'exit 9'], {
      ...{ cwd: root, env },
    });
    expect(told).toEqual({ code: 0, out: '', err: '' });
    return (await readFile(path.join(root, 'calls'), 'utf8')).trimEnd().split('\n');
  }

  it('has the packages, their checksums and the section of the changelog', async () => {
    expect(await calls('', 'true')).toEqual([
      ...['release', 'view', 'v1.2.3', 'release', 'create', 'v1.2.3', '--verify-tag', '--title', 'v1.2.3'],
      ...[
        '--notes-file',
        'release/NOTES.md',
        '--prerelease=true',
        'release/a.tgz',
        'release/b.tgz',
        'release/SHA256SUMS',
      ],
    ]);
  });

  it('makes none that is there already', async () => {
    expect(await calls('v1.2.3\n', 'false')).toEqual(['release', 'view', 'v1.2.3']);
  });
});
