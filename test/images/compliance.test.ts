import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ComplianceReport, complianceReportSchema } from '../../core/compliance/report.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { presetBench } from '../support/built-presets.ts';
import { project } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { trackerFile } from '../support/mirror-folder.ts';
import { bootDisk } from '../support/qemu.ts';

/** What must hold of the booted machine beside what the preset says of it. */
const moreTests = `  - run: systemctl is-active auditd && systemctl is-active apparmor && systemctl is-active nftables
  - run: findmnt -no OPTIONS /tmp | grep --quiet noexec
  - run: auditctl -s | grep --quiet 'enabled 2' && test "$(auditctl -l | wc -l)" -gt 15
    retries: 12
  - run: sshd -T | grep --quiet --line-regexp 'permitrootlogin no'
  # The stacks of PAM are whole: a password is taken, and the account can be used.
  - run: echo 'ops:correct-4-horses-battery' | chpasswd
  - run: su -s /bin/sh ops -c true
`;

/** The preset for a web server, of Debian 13 and as a raw disk. */
function webServer(compliance: object, tests = true): string {
  const preset = readFileSync(join(project, 'presets', 'web-server.yaml'), 'utf8')
    .replace('release: bookworm', 'release: trixie')
    .replace('type: qcow2', 'type: raw');
  const at = preset.indexOf('\ntests:');
  const text = tests ? preset + moreTests : preset.slice(0, at);
  return `${text}\ncompliance: ${JSON.stringify(compliance)}\n`;
}

/** Data of the release, by which nothing is left that an update mends. */
const knownVulnerabilities = trackerFile({
  nginx: { 'CVE-2026-0001': { status: 'resolved', fixed_version: '1.18.0-1', urgency: 'high' } },
});

const remediated = { profiles: ['base', 'hipaa', 'pci-dss', 'soc2'], remediate: true };

/** What no image can show, and what the preset’s operator does without a password. */
const ofTheSite: Readonly<Record<string, string>> = {
  'accounts-named': 'pass',
  'change-recorded': 'manual',
  'disk-encryption': 'manual',
  'remote-log': 'manual',
  'sudo-with-password': 'fail',
};

describe('a web server of Debian 13 with remediation', () => {
  const { folder, client } = presetBench((place) => {
    const file = join(place, 'tracker.json');
    writeFileSync(file, JSON.stringify(knownVulnerabilities));
    return { 'vulnerability-data': pathToFileURL(file).href };
  });
  let disk = '';

  async function build(text: string): Promise<BuildDetail> {
    const { id } = await client().startBuild({ text, mediaType: 'application/yaml' });
    return client().waitForBuild(id);
  }

  async function reportOf(ended: BuildDetail): Promise<ComplianceReport> {
    const file = ended.evidence.find(({ name }) => name === 'compliance.json');
    if (file === undefined) throw new Error('the build has no report');
    const { path } = await client().builds.downloadEvidence(ended.id, file, join(folder, ended.id));
    return complianceReportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  }

  it('passes every check of an image, boots, and serves in its tests', async () => {
    const ended = await build(webServer(remediated));
    expect(ended.failure).toBeUndefined();
    const { results, profiles } = await reportOf(ended);
    console.log(profiles.map(({ id, counts }) => `${id}: ${JSON.stringify(counts)}`).join('\n'));
    const told = (tag: string) =>
      results.filter((one) => one.tag === tag).map(({ check, state, evidence }) => [check, state, evidence.join('; ')]);
    expect(told('image').filter(([, state]) => state !== 'pass' && state !== 'not_applicable')).toEqual([]);
    expect(Object.fromEntries(told('site').map(([check, state]) => [check, state]))).toEqual(ofTheSite);
    disk = (await client().downloadArtifact(ended.id, 'web-server.img', folder)).path;
  });

  it('has a boot menu that is root’s alone', () => {
    const table = execFileSync('sfdisk', ['--json', disk], { encoding: 'utf8' });
    const { partitions } = JSON.parse(table).partitiontable as { partitions: { start: number }[] };
    const { start = 0 } = partitions.at(-1) ?? {};
    const menu = ['-R', 'stat /boot/grub/grub.cfg', `${disk}?offset=${start * 512}`];
    expect(execFileSync('debugfs', menu, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toMatch(
      /Mode:\s+0600/,
    );
  });

  it('answers from outside, started by UEFI', async () => {
    const from = await freePort();
    let page = '';
    const booted = await bootDisk({
      ...({ disk, format: 'raw', firmware: 'uefi', timeoutSeconds: 900 } as const),
      expect: /web-server login:/,
      forward: { from, to: 80 },
      meanwhile: async () => {
        page = await pageOf(`http://127.0.0.1:${from}/`);
      },
    });
    expect(page).toContain('<h1>It works</h1>');
    expect(booted.console).toContain('Authorised use only');
  });

  it('is not published where the profiles are enforced, unless what people have to judge is waived', async () => {
    const refused = await build(webServer({ ...remediated, enforce: true }, false));
    expect(refused).toMatchObject({ state: 'failed', failure: { code: 'compliance.failed' } });
    const lines = refused.failure?.logTail.join('\n') ?? '';
    for (const [check, state] of Object.entries(ofTheSite)) {
      if (state !== 'pass') expect(lines).toContain(`${check} (${state})`);
    }
    await client().members.add({ kind: 'person', name: 'Ada', email: 'ada@example.org', roles: ['approver'] });
    const expires = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    const open = Object.keys(ofTheSite).filter((check) => ofTheSite[check] !== 'pass');
    const waivers = open.map((check) => ({
      check,
      reason: 'Shown in the runbook.',
      owner: 'ada@example.org',
      expires,
    }));
    const let_ = await build(webServer({ ...remediated, enforce: true, waivers }, false));
    expect(let_.failure).toBeUndefined();
    expect(let_).toMatchObject({ state: 'succeeded', compliance: { state: 'waived' } });
  });
});

/** Asks until there is an answer: the login prompt comes before the address by DHCP. */
async function pageOf(url: string): Promise<string> {
  const until = performance.now() + 180_000;
  for (;;) {
    try {
      return await (await fetch(url, { signal: AbortSignal.timeout(20_000) })).text();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(1_000);
    }
  }
}
