import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { stepPrograms } from '../../../containers/builder/programs/registry.ts';
import type { Verdict } from '../../../core/compliance/check.ts';
import { checkIds, checkNamed, checks } from '../../../core/compliance/checks.ts';
import { InspectedTree } from '../../../core/compliance/inspected-tree.ts';
import { profileIds } from '../../../core/compliance/profile.ts';
import { remediedChecks } from '../../../core/compliance/remediation/remedies.ts';
import { treeRemediation } from '../../../core/compliance/remediation/tree-changes.ts';
import { configurationOptions } from '../../../core/plan/configuration-options.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { sectionsOf } from '../../../core/spec/configuration/sections.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { installed, type Tree } from './judged-tree.ts';
import { packageTrees, plainTree } from './plain-tree.ts';
import { entriesOf, inspectFolder, plantTree } from './planted-tree.ts';

const given = {
  ...{ schemaVersion: 1, name: 'judged', base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' } },
  users: [{ name: 'ops', sshKeys: [] }],
  ssh: {},
  outputs: [{ type: 'raw' }],
};

function resolved(over: object): ResolvedSpec {
  const checked = checkSpec({ ...given, ...over }, { architectures: ['amd64'], outputs: ['raw', 'oci', 'tar', 'iso'] });
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
  return checked.spec;
}

const waiver = { reason: 'Another test looks at it.', owner: 'ops@example.org', expires: '2027-03-31' };
/** Remediation of these checks alone. */
const remediating = (...wanted: readonly string[]) => ({
  compliance: {
    ...{ profiles: [...profileIds], remediate: true },
    waivers: checkIds.filter((check) => !wanted.includes(check)).map((check) => ({ check, ...waiver })),
  },
});

/** The plain tree with what the packages of a spec bring. */
function installedTree(spec: ResolvedSpec): Tree {
  const names = [...spec.packages.install, ...sectionsOf(spec).flatMap(({ packages }) => packages)];
  const all = ['apt', 'libssl3t64', 'systemd', 'systemd-coredump', 'openssh-server', ...names];
  return Object.assign(
    {},
    plainTree,
    { 'var/lib/dpkg/status': installed(...new Set(all)) },
    ...names.map((name) => packageTrees[name] ?? {}),
  );
}

/** Makes the tree of a spec as far as it is typed, remediates it, and judges it. */
async function judge(
  spec: ResolvedSpec,
  tree: Tree = {},
  look?: (folder: string) => Promise<void>,
): Promise<Map<string, Verdict>> {
  return withBenchFolder(async (bench) => {
    await plantTree(bench.tree, { ...installedTree(spec), ...tree });
    const { kernelModules, configuration } = configurationOptions(spec);
    for (const options of [kernelModules, configuration]) {
      if (options !== undefined)
        await runProgram(stepPrograms.configuration, { ...options, enable: [], disable: [] }, bench);
    }
    const { changes = [] } = treeRemediation(spec) ?? {};
    if (changes.length > 0) {
      await runProgram(stepPrograms.remediate, { changes }, bench);
      const before = await entriesOf(bench.tree);
      const again = await runProgram(stepPrograms.remediate, { changes }, bench);
      expect(again.facts).toEqual({ changed: '0' });
      expect(await entriesOf(bench.tree)).toEqual(before);
    }
    await look?.(bench.tree);
    const found = await inspectFolder(bench.tree);
    const context = {
      ...{ spec, found, tree: new InspectedTree(found) },
      build: { evidence: true, specDigest: 'a'.repeat(64), approvals: 0 },
    };
    return new Map(
      checkIds.map((id) => {
        const check = checkNamed(id);
        const values = check.parameters?.parse(spec.compliance?.tailoring[id] ?? {}) ?? {};
        return [id, check.judge({ ...context, values })];
      }),
    );
  });
}

/** An account with a password that nobody knows, which holds for ever; to try a hash takes time. */
const withPassword: Tree = {
  'etc/shadow': {
    text: `root:*:20000:0:99999:7:::\nops:$6$saltsalt$${'x'.repeat(86)}:20000:0:99999:7:::\n`,
    mode: 0o640,
  },
};

/** Checks of which nothing is wrong in the plain tree: only a spec fails them. */
const bySpecAlone = ['root-locked', 'no-legacy-services'];

describe('remediation', () => {
  it.each(remediedChecks)('makes %s pass by itself, and changes nothing the second time', async (id) => {
    const verdicts = await judge(resolved(remediating(id)), id === 'password-age' ? withPassword : {});
    expect(verdicts.get(id)).toMatchObject({ state: 'pass' });
  });

  it('of nothing leaves them failing: each case can fail', async () => {
    const verdicts = await judge(resolved({ compliance: { profiles: [...profileIds] } }));
    for (const id of remediedChecks.filter((one) => !bySpecAlone.includes(one))) {
      expect(verdicts.get(id)?.state, id).not.toBe('pass');
    }
  });

  it('makes all checks of an image pass together, but for the vulnerabilities that nobody has looked up', async () => {
    const spec = resolved({ compliance: { profiles: [...profileIds], remediate: true } });
    const verdicts = await judge(spec);
    const open = checks.filter(({ id, tag }) => tag === 'image' && verdicts.get(id)?.state !== 'pass');
    expect(open.map(({ id }) => `${id} ${verdicts.get(id)?.evidence.join('; ')}`)).toEqual([
      expect.stringMatching(/^vulnerabilities /),
    ]);
  });

  it('takes the values that the spec tailors', async () => {
    const spec = resolved({
      compliance: {
        ...{ profiles: [...profileIds], remediate: true },
        tailoring: {
          ...{ 'password-lockout': { attempts: 4, seconds: 3_600 }, 'password-length': { least: 20 } },
          ...{ 'password-history': { passwords: 9 }, 'password-age': { days: 30 } },
          ...{ 'session-timeout': { seconds: 300 }, 'ssh-idle': { seconds: 120 } },
        },
      },
    });
    const verdicts = await judge(spec);
    for (const id of Object.keys(spec.compliance?.tailoring ?? {})) expect(verdicts.get(id)?.state, id).toBe('pass');
  });

  it('leaves a waived check as it is', async () => {
    const spec = resolved(remediating('ssh-idle'));
    const verdicts = await judge(spec);
    expect(verdicts.get('umask')?.state).toBe('fail');
    expect(verdicts.get('login-banner')?.state).toBe('fail');
    expect(spec.packages.install).toEqual([]);
  });

  it('leaves files of the spec’s own, and what stricter values stand', async () => {
    const spec = resolved({
      compliance: { profiles: [...profileIds], remediate: true },
      files: [{ path: '/etc/issue', content: 'Ours.\n' }],
    });
    expect(treeRemediation(spec)).toMatchObject({ left: ['/etc/issue'] });
    const strict = { 'etc/login.defs': 'UMASK 077\nPASS_MAX_DAYS 30\nENCRYPT_METHOD SHA512\n', 'etc/issue': 'Ours.\n' };
    await judge(spec, strict, async (folder) => {
      expect(await readFile(path.join(folder, 'etc/login.defs'), 'utf8')).toBe(strict['etc/login.defs']);
      expect(await readFile(path.join(folder, 'etc/issue'), 'utf8')).toBe('Ours.\n');
    });
  });

  it('leaves a stack of PAM alone that somebody has changed, and says so by the check', async () => {
    const auth = String(plainTree['etc/pam.d/common-auth']).replace('nullok', '');
    const verdicts = await judge(resolved(remediating('password-lockout')), { 'etc/pam.d/common-auth': auth });
    expect(verdicts.get('password-lockout')?.state).toBe('fail');
  });
});
