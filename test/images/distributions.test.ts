import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpArchive } from '../../adapters/archive/http-archive.ts';
import { stepPrograms } from '../../containers/builder/programs/registry.ts';
import { parseInRelease } from '../../core/plan/in-release.ts';
import { findArchives } from '../../local/archive-sources.ts';
import { ensureBuilderRoot } from '../../scripts/builder-root.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, project, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { benchFiles, runProgram, withBenchFolder } from '../support/program-bench.ts';

const seconds = (began: number) => `${((performance.now() - began) / 1_000).toFixed(1)} s`;

describe('sid', () => {
  it('is made by the programs of the other releases, from its archive as it was on the day that signed it', () =>
    withBenchFolder(async (place) => {
      const { directory: builderRoot, cache } = await ensureBuilderRoot({ project, log: () => undefined });
      const { debian } = findArchives();
      if (debian === undefined) throw new Error("the machine's apt sources name no archive of Debian");
      // A mirror may be behind by more than the archive allows, and then the engine refuses it: here the clock is its own.
      const text = await (await fetch(`${debian}/dists/sid/InRelease`)).text();
      const signed = new Date(parseInRelease(text, 'sid').date * 1_000);
      const clock = { now: () => signed, sleep: async () => {} };
      const began = performance.now();
      const reader = createHttpArchive({ addresses: { debian: { archive: debian } }, clock, log: () => {} });
      const bench = {
        ...{ ...place, builderRoot, contained: true, release: 'sid', archive: await reader.state('sid', 'amd64') },
        archiveFiles: benchFiles(join(cache, 'packages'), clock.now),
      };
      const base = { distribution: 'debian', release: 'sid', architecture: 'amd64' };
      await runProgram(stepPrograms.bootstrap, base, bench);
      const { artifact } = await runProgram(stepPrograms.tar, { fileName: 'sid.tar.zst' }, bench);
      const files = execFileSync('tar', ['--zstd', '-tf', artifact?.file ?? ''], { encoding: 'utf8' });
      expect(files).toContain('./usr/bin/apt-get\n');
      const sources = readFileSync(join(place.tree, 'etc/apt/sources.list.d/debian.sources'), 'utf8');
      expect(sources).toMatch(/^Suites: sid$/m);
      console.log(`sid, tar: ${seconds(began)}`);
    }));
});

const archive = process.env.LBUILD_ARCHIVE_UBUNTU;

describe(`Ubuntu, ${archive === undefined ? 'of which no archive is configured' : 'of its own archive'}`, () => {
  const directory = engineFolder();
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-ubuntu-'));
  let engine: EngineInProcess;
  beforeAll(async () => {
    engine = await startEngineInProcess(directory, { mode: 'contained' });
  });
  afterAll(async () => {
    await engine.close();
    removeFolder(directory);
    rmSync(folder, { recursive: true, force: true });
  });

  const spec = (release: 'jammy' | 'noble', outputs: readonly { type: 'tar' | 'iso' | 'raw' }[]) => ({
    schemaVersion: 1 as const,
    name: release,
    base: { distribution: 'ubuntu' as const, release, architecture: 'amd64' as const },
    outputs: [...outputs],
  });
  const build = async (what: string, wanted: Parameters<typeof engine.client.startBuild>[0]): Promise<BuildDetail> => {
    const began = performance.now();
    const started = await engine.client.startBuild(wanted);
    const ended = await engine.client.waitForBuild(started.id);
    console.log(`${what}: ${seconds(began)}`);
    return ended;
  };

  if (archive === undefined) {
    it('is refused, and the setting is named', async () => {
      const { failure } = await build('noble, refused', spec('noble', [{ type: 'tar' }]));
      expect(failure).toMatchObject({ code: 'archive.not_configured', reason: 'archives.ubuntu is not set.' });
    });
    return;
  }

  it.each(['jammy', 'noble'] as const)(
    '%s is unpacked as it was made, and its evidence is of Ubuntu',
    async (release) => {
      const ended = await build(`${release}, tar`, spec(release, [{ type: 'tar' }]));
      expect(ended.failure).toBeUndefined();
      const { path } = await engine.client.downloadArtifact(ended.id, `${release}.tar.zst`, folder);
      const tree = join(folder, release);
      mkdirSync(tree);
      execFileSync('tar', ['--zstd', '-xpf', path, '-C', tree]);
      expect(readFileSync(join(tree, 'etc/os-release'), 'utf8')).toMatch(/^ID=ubuntu$/m);
      const sources = readFileSync(join(tree, 'etc/apt/sources.list.d/ubuntu.sources'), 'utf8');
      expect(sources).toContain(
        `Suites: ${release} ${release}-updates ${release}-security\nComponents: main universe\n`,
      );
      const bill = ended.evidence.find(({ kind }) => kind === 'spdx');
      if (bill === undefined) throw new Error('there is a bill of materials');
      const text = readFileSync((await engine.client.builds.downloadEvidence(ended.id, bill, folder)).path, 'utf8');
      expect(text).toContain('pkg:deb/ubuntu/dpkg@');
    },
  );

  it.each([
    ['noble', 'iso', 'bios'],
    ['noble', 'raw', 'uefi'],
  ] as const)('%s boots as %s by %s', async (release, type, firmware) => {
    const ended = await build(`${release}, ${type}`, {
      ...spec(release, [{ type }]),
      packages: { install: ['openssh-server'] },
      // The usual one brings the firmware of all hardware, of which a machine of the tests has none.
      kernel: { package: 'linux-image-virtual', cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'] },
      tests: [
        { boot: { firmware: [firmware], timeoutSeconds: 900 } },
        { run: 'grep -qx ID=ubuntu /etc/os-release' },
        { run: 'uname -r | grep -q generic' },
        { run: 'systemctl is-active ssh || systemctl is-active ssh.socket', retries: 5 },
      ],
    });
    expect(ended.failure).toBeUndefined();
    expect(ended.state).toBe('succeeded');
    const tests = ended.stages.flatMap(({ steps }) => steps).filter(({ program }) => program === 'boot-test');
    expect(tests.map(({ id }) => id)).toEqual([`boot-test.${type}.${firmware}`]);
    console.log(`${release}, ${type}: up after ${tests[0]?.facts.bootSeconds} s`);
  });
});
