import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpArchive } from '../../../adapters/archive/http-archive.ts';
import { stepPrograms } from '../../../containers/builder/programs/registry.ts';
import type { Distribution, Release } from '../../../core/distributions/distribution.ts';
import { distributionNames, findRelease } from '../../../core/distributions/registry.ts';
import { packageUrl } from '../../../core/evidence/package-url.ts';
import { type ArchiveState, archiveStateSchema } from '../../../core/plan/archive-state.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { type ArchivePackage, archivePackageSchema } from '../../../core/plan/programs/archive-package.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { architectures, releaseNames } from '../../../core/spec/releases.ts';
import { everything } from '../../core/spec/sample-spec.ts';
import { builderRootForTests } from '../../support/builder-parts.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';

/** An archive of one release on loopback that the suite makes: its suites and components, signed by a key of its own. */
export interface ContractArchive {
  readonly url: string;
  /** File with the key, in place of the distribution's own keyring. */
  readonly keyring: string;
  remove(): Promise<void>;
}

/** A package of such an archive: in the release's own suite and the first component unless it says otherwise. */
export interface ContractPackage {
  readonly name: string;
  readonly version?: string;
  readonly suite?: string;
  readonly component?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, string>>;
}

/** What a driver gives beside its facts, so that its builder's side can be tried: both are of its package manager. */
export interface DistributionUnderTest {
  readonly distribution: Distribution;
  /** Makes an archive of a release: a base in which the package manager runs, and these packages. */
  startArchive(
    distribution: Distribution,
    name: string,
    release: Release,
    packages: readonly ContractPackage[],
  ): Promise<ContractArchive>;
  /** Version of each installed package, from the database in a tree. */
  installed(tree: string): ReadonlyMap<string, string>;
  /** Where the image names its archive: a text with the address, the suites, the components and the keyring. */
  readonly sourcesFile: string;
}

const quiet = { log: () => {}, clock: { now: () => new Date('2025-11-16T00:00:00Z'), sleep: async () => {} } };

/** What every distribution must give; a driver for another package manager passes the same. */
export function describeDistribution({ distribution, ...maker }: DistributionUnderTest): void {
  const releases = Object.entries(distribution.releases);
  const known = releaseNames.filter((name) => findRelease(name)?.distribution === distribution);

  describe(`${distribution.name}: the facts`, () => {
    it('are of releases that no other distribution has', () => {
      expect(releases.map(([name]) => name)).toEqual(known);
      expect(known.length).toBeGreaterThan(0);
    });

    it.each(releases)('%s has its suites, each once, its own first', (name, { suites, securitySuite, version }) => {
      const all = [...suites, ...(securitySuite === undefined ? [] : [securitySuite])];
      expect(suites[0]).toBe(name);
      expect(new Set(all).size).toBe(all.length);
      expect(version).not.toBe('');
    });

    it.each(known)('%s is taken in a spec, and resolves to itself with the kernel of the distribution', (release) => {
      for (const architecture of architectures) {
        const base = { distribution: distribution.name, release, architecture };
        const checked = checkSpec({ schemaVersion: 1, name: 'sample', base }, everything);
        expect(checked).toMatchObject({ ok: true, spec: { base } });
        if (!checked.ok) continue;
        expect(checked.spec.kernel.package).toBe(distribution.kernelPackages[architecture]);
        expect(checkSpec(checked.spec, everything)).toEqual(checked);
      }
    });

    it.each(known)('%s is not built where no archive is configured, and the setting is named', async (release) => {
      await expect(createHttpArchive({ addresses: {}, ...quiet }).state(release, 'amd64')).rejects.toMatchObject({
        code: 'archive.not_configured',
        detail: `archives.${distribution.name} is not set.`,
      });
    });

    it.each(known)(
      '%s is read at a time of its archive, by the names that archives of snapshots have for it',
      (release) => {
        const at = '20261101T000000Z';
        const own = { archive: 'http://archive.invalid/own', security: 'http://security.invalid/own' };
        const addresses = { [distribution.name]: own };
        const snapshot = 'http://old.invalid/{archive}/{timestamp}/';
        const places = createHttpArchive({ addresses, snapshot, ...quiet }).places(release, at);
        const { archive: named, security } = distribution.snapshotNames;
        const { suites, securitySuite } = findRelease(release)?.release ?? { suites: [] };
        expect(places.map((place) => [place.suite, place.uri, place.snapshot])).toEqual([
          ...suites.map((suite) => [suite, own.archive, `http://old.invalid/${named}/${at}`]),
          ...(securitySuite ? [[securitySuite, own.security, `http://old.invalid/${security}/${at}`]] : []),
        ]);
        expect(() => createHttpArchive({ addresses, ...quiet }).places(release, at)).toThrow(
          'archive.snapshot_not_configured',
        );
      },
    );

    it('name a package URL, and a system by the number that OVF has for it', () => {
      const { type, namespace } = distribution.packageUrl;
      const [release = ''] = known;
      const name = distributionNames.find((one) => one === distribution.name);
      if (name === undefined) throw new Error('it is in the registry');
      const url = packageUrl({ name: 'x', version: '1', architecture: 'amd64' }, { distribution: name, release });
      expect(url).toBe(`pkg:${type}/${namespace}/x@1?arch=amd64&distro=${release}`);
      expect(Number.isInteger(distribution.operatingSystem.cimType)).toBe(true);
    });

    it('name a keyring that the builder root has', async () => {
      expect(existsSync(join(await builderRootForTests(), distribution.keyring))).toBe(true);
    });
  });

  // Programs are the same for all releases of a distribution: the last one with more than its own suite is built.
  const built = known.filter((one) => (distribution.releases[one]?.suites.length ?? 0) > 1).slice(-1);
  describe.each(built)(`${distribution.name}: an archive of %s`, (name) => {
    const release: Release | undefined = distribution.releases[name];
    if (release === undefined) throw new Error(name);
    const [own, updates = own] = release.suites;
    const security = release.securitySuite ?? own;
    const last = distribution.components.at(-1) ?? '';
    const kernel = distribution.kernelPackages.amd64;
    const { all, live, disk } = distribution.bootPackages;
    const folder = mkdtempSync(join(tmpdir(), 'lbuild-contract-'));
    const base = join(folder, 'base');
    let builderRoot = '';
    let archive: ContractArchive;
    let state: ArchiveState;
    let minimal: readonly ArchivePackage[] = [];

    beforeAll(async () => {
      builderRoot = await builderRootForTests();
      archive = await maker.startArchive(distribution, name, release, [
        ...[...new Set([...all, ...live, ...disk])].map((one) => ({ name: one })),
        { name: kernel, files: { 'boot/vmlinuz-1': 'kernel\n' } },
        { name: 'web', version: '1', files: { 'srv/web': 'old\n' } },
        { name: 'web', version: '2', suite: updates, files: { 'srv/web': 'updated\n' } },
        { name: 'shell', version: '1', suite: security, component: last, files: { 'srv/shell': 'safe\n' } },
      ]);
      const addresses = { [distribution.name]: { archive: archive.url, security: archive.url } };
      state = await createHttpArchive({ addresses, ...quiet }).state(name, 'amd64');
    });
    afterAll(async () => {
      await archive.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    const bench = (place: { tree: string; scratch: string; outside: string }, key = archive.keyring) => {
      // Commands in the builder root see the bench's own folder alone.
      const keyring = join(place.outside, '../keyring.gpg');
      copyFileSync(key, keyring);
      const parts = { builderRoot, contained: true, archive: state, keyring, release: name };
      return { ...place, ...parts, packageCache: place.outside };
    };
    const options = { install: [], remove: [], recommends: false, outputs: [] };

    it('is read with all suites in their order, and all components', () => {
      const suites = [...release.suites, ...(release.securitySuite === undefined ? [] : [release.securitySuite])];
      expect(archiveStateSchema.parse(state).suites.map(({ suite }) => suite)).toEqual(suites);
      for (const { components, indexes } of state.suites) {
        expect(components).toEqual(distribution.components);
        expect(Object.keys(indexes)).toHaveLength(components.length);
      }
    });

    it('makes a plan whose steps are of this distribution', () => {
      const spec = { distribution: distribution.name, release: name, architecture: 'amd64' };
      const checked = checkSpec({ schemaVersion: 1, name: 'sample', base: spec }, everything);
      if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
      const plan = makePlan({ spec: checked.spec, archive: state, toolchain: 'a'.repeat(64) });
      expect(plan.release).toBe(name);
      expect(plan.steps.find(({ id }) => id === 'bootstrap')?.options).toEqual(spec);
      expect(plan.steps.find(({ id }) => id === 'kernel')?.options).toMatchObject({ kernel });
    });

    it('makes the minimal system, which names the archive and its keyring', () =>
      withBenchFolder(async (place) => {
        const wanted = { distribution: distribution.name, release: name, architecture: 'amd64' };
        const { facts, taken } = await runProgram(stepPrograms.bootstrap, wanted, bench(place));
        expect(Number(facts?.packages)).toBeGreaterThan(0);
        minimal = taken ?? [];
        expect(readFileSync(join(place.tree, 'etc/os-release'), 'utf8')).toContain(`ID=${distribution.name}\n`);
        const sources = readFileSync(join(place.tree, maker.sourcesFile), 'utf8');
        const named = [archive.url, ...state.suites.map(({ suite }) => suite), ...distribution.components];
        for (const text of [...named, distribution.keyring]) expect(sources).toContain(text);
        execFileSync('cp', ['-a', place.tree, base]);
      }));

    it('makes the same of a lock when the indexes that it was made from are gone', () =>
      withBenchFolder(async (place) => {
        expect(minimal.length).toBeGreaterThan(0);
        for (const one of minimal) expect(archivePackageSchema.parse(one)).toEqual(one);
        const gone = { 'main/binary-amd64/Packages': 'f'.repeat(64) };
        const moved = { suites: state.suites.map((suite) => ({ ...suite, indexes: gone })) };
        const wanted = { distribution: distribution.name, release: name, architecture: 'amd64' };
        const locked = { ...wanted, locked: { packages: minimal } };
        const { taken } = await runProgram(stepPrograms.bootstrap, locked, { ...bench(place), archive: moved });
        expect(taken).toEqual(minimal);
        expect(maker.installed(place.tree)).toEqual(maker.installed(base));
        expect(readFileSync(join(place.tree, maker.sourcesFile))).toEqual(readFileSync(join(base, maker.sourcesFile)));
      }));

    it('gives packages of every suite and component, and what an image needs to boot', () =>
      withBenchFolder(async (place) => {
        execFileSync('cp', ['-a', `${base}/.`, place.tree]);
        const wanted = { ...options, install: ['shell', 'web'], kernel, outputs: ['iso', 'raw'] };
        const { taken } = await runProgram(stepPrograms.packages, wanted, bench(place));
        const installed = maker.installed(place.tree);
        // The lock says of each package which suite it is from.
        const suitesOf = (of: string) => taken?.filter((one) => one.name === of).map((one) => one.suite);
        expect([suitesOf('web'), suitesOf('shell')]).toEqual([[updates], [security]]);
        await withBenchFolder(async (other) => {
          execFileSync('cp', ['-a', `${base}/.`, other.tree]);
          await runProgram(stepPrograms.packages, { ...wanted, locked: { packages: taken } }, bench(other));
          expect(maker.installed(other.tree)).toEqual(installed);
        });
        expect(installed.get('web')).toBe('2');
        expect(readFileSync(join(place.tree, 'srv/shell'), 'utf8')).toBe('safe\n');
        // Where nothing pins it, the newest of all suites comes; else what the pin names.
        const pins = [{ package: 'web', release: own, priority: 1_001 }];
        await runProgram(stepPrograms.packages, { ...options, install: ['web'], pins }, bench(place));
        expect(maker.installed(place.tree).get('web')).toBe('1');
        for (const one of [kernel, ...all, ...live, ...disk]) expect([one, installed.has(one)]).toEqual([one, true]);
        const packed = await runProgram(stepPrograms.tar, { fileName: 'x.tar.zst' }, bench(place));
        const listed = execFileSync('tar', ['--zstd', '-tf', packed.artifact?.file ?? ''], { encoding: 'utf8' });
        expect(listed).toContain('./srv/shell\n');
      }));

    it('gives nothing that the distribution has not signed', () =>
      withBenchFolder(async (place) => {
        const wanted = { distribution: distribution.name, release: name, architecture: 'amd64' };
        const real = bench(place, join(builderRoot, distribution.keyring));
        await expect(runProgram(stepPrograms.bootstrap, wanted, real)).rejects.toMatchObject({
          code: 'archive.untrusted',
          message: expect.stringContaining(distribution.keyring),
        });
      }));
  });
}
