import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PackageStanza } from '../../../core/builds/layer-index.ts';
import { canonicalJson } from '../../../core/digest.ts';
import { cyclonedxDocumentSchema } from '../../../core/evidence/cyclonedx-schema.ts';
import {
  type EvidenceKind,
  evidenceFiles,
  evidenceKinds,
  usualEvidence,
} from '../../../core/evidence/evidence-file.ts';
import { makeEvidence } from '../../../core/evidence/evidence-set.ts';
import { installedPackages } from '../../../core/evidence/installed-packages.ts';
import { licenceExpression, licenceReference } from '../../../core/evidence/licence-names.ts';
import { packageUrl } from '../../../core/evidence/package-url.ts';
import { redactedSpec } from '../../../core/evidence/redaction.ts';
import { spdxDocumentSchema } from '../../../core/evidence/spdx-schema.ts';
import { statementSchema } from '../../../core/evidence/statement.ts';
import { readJson } from '../../../core/json.ts';
import { specWith } from '../plan/plan-fixtures.ts';
import { passwordHash, sampleEvidence, sampleHeaders, sampleSource } from './sample-evidence.ts';

const keyId = 'e'.repeat(64);
const made = makeEvidence(sampleSource(keyId));
const textOf = (kind: EvidenceKind): string => {
  const file = made.files.find((one) => one.kind === kind);
  if (file === undefined) throw new Error(`no ${kind}`);
  return Buffer.from(file.bytes).toString('utf8');
};
const jsonOf = (kind: EvidenceKind): unknown => JSON.parse(textOf(kind));

describe('the packages of an image', () => {
  it('are those of the topmost database, with the licences of the topmost copyright files', () => {
    expect(installedPackages(sampleHeaders)).toEqual([
      {
        ...{ name: 'bash', version: '1:5.3-1~rc1', architecture: 'amd64', source: 'bash', sourceVersion: '5.3-1' },
        licences: ['GPL-3+ or Artistic', 'ISC'],
      },
      {
        ...{ name: 'libstdc++6', version: '14.2.0-19', architecture: 'amd64' },
        ...{ source: 'gcc-14', sourceVersion: '14.2.0-19' },
      },
      {
        ...{ name: 'tzdata', version: '2025a-2', architecture: 'all', source: 'tzdata', sourceVersion: '2025a-2' },
        licences: ['Expat', 'public-domain'],
      },
    ]);
  });

  it('are none where no layer has a database', () => {
    expect(installedPackages([{ format: 'lbuild-layer-index/1', step: 'x', entries: 0 }])).toEqual([]);
  });

  it('are told of layers that are older than evidence, without what those do not hold', () => {
    const old = { name: 'a', version: '1', architecture: 'all', status: 'install ok installed' };
    const header = { format: 'lbuild-layer-index/1' as const, step: 'x', entries: 1, packages: [old] };
    expect(installedPackages([header])).toEqual([{ name: 'a', version: '1', architecture: 'all' }]);
  });

  it.each<[Partial<PackageStanza>]>([
    [{ name: '../../etc' }],
    [{ name: 'a"\n}' }],
    [{ name: '\u202egnp' }],
    [{ name: '' }],
    [{ version: '1 2' }],
    [{ version: 'x\tinstalled' }],
    [{ architecture: 'a?b=c' }],
  ])('are only what Debian would call one: %j is not', (wrong) => {
    const good = { name: 'ab', version: '1', architecture: 'all', status: 'install ok installed' };
    const header = { format: 'lbuild-layer-index/1' as const, step: 'x', entries: 1 };
    expect(installedPackages([{ ...header, packages: [{ ...good, ...wrong }] }])).toEqual([]);
    expect(installedPackages([{ ...header, packages: [{ ...good, source: 'a b', sourceVersion: '\n' }] }])).toEqual([
      { name: 'ab', version: '1', architecture: 'all' },
    ]);
  });
});

describe('licences that a hostile layer tells', () => {
  it.each([
    [[]],
    [['']],
    [['GPL-2+', ' ']],
    [['GPL-2+ or ']],
    [['GPL-2+\u001b[2J']],
    [['GPL-2+\n']],
    [['GPL-2+  or ISC']],
    [['\u202eCSI']],
  ])('%j are none', (licences) => {
    const stanza = { name: 'ab', version: '1', architecture: 'all', status: 'install ok installed', licences };
    const header = { format: 'lbuild-layer-index/1' as const, step: 'x', entries: 1, packages: [stanza] };
    const packages = installedPackages([header]);
    expect(packages).toEqual([{ name: 'ab', version: '1', architecture: 'all' }]);
    const below = { ...header, packages: [{ ...stanza, licences: ['ISC'] }] };
    expect(installedPackages([below, header])).toEqual(packages);
    expect(installedPackages([header, below])[0]?.licences).toEqual(['ISC']);
  });

  it.each([['or or or'], ['and or and'], ['a or or or b'], ['a and and and b or and'], ['('], ['"'], [','], ['-']])(
    '%j make documents of their form, whatever they mean',
    (licence) => {
      const stanza = { name: 'ab', version: '1', architecture: 'all', status: 'install ok installed' };
      const packages = installedPackages([
        {
          format: 'lbuild-layer-index/1',
          step: 'x',
          entries: 1,
          packages: [{ ...stanza, licences: [licence, 'ISC'] }],
        },
      ]);
      const source = sampleSource(keyId);
      const { files } = makeEvidence({ ...source, image: { ...source.image, packages } });
      const read = (kind: EvidenceKind) => readJson(files.find((one) => one.kind === kind)?.bytes ?? new Uint8Array());
      const declared = spdxDocumentSchema.parse(read('spdx')).packages.at(-1)?.licenseDeclared ?? '';
      expect(declared).toMatch(/^\(?[A-Za-z0-9.-]+(?: (?:AND|OR) [A-Za-z0-9.-]+)*\)? AND ISC$/);
      cyclonedxDocumentSchema.parse(read('cyclonedx'));
    },
  );
});

describe('package URLs', () => {
  it.each([
    ['curl', '8.14.1-2', 'pkg:deb/debian/curl@8.14.1-2?arch=amd64&distro=trixie'],
    ['libstdc++6', '14.2.0-19', 'pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=trixie'],
    ['vim', '2:9.1.1230-2+deb13u1~x', 'pkg:deb/debian/vim@2:9.1.1230-2%2Bdeb13u1~x?arch=amd64&distro=trixie'],
  ])('%s %s', (name, version, url) => {
    const place = { distribution: 'debian', release: 'trixie' } as const;
    expect(packageUrl({ name, version, architecture: 'amd64' }, place)).toBe(url);
  });

  it('are of the namespace of the distribution', () => {
    const curl = { name: 'curl', version: '8.5.0-2', architecture: 'amd64' };
    const place = { distribution: 'ubuntu', release: 'noble' } as const;
    expect(packageUrl(curl, place)).toBe('pkg:deb/ubuntu/curl@8.5.0-2?arch=amd64&distro=noble');
  });
});

describe('licences', () => {
  it.each([
    [['GPL-2+'], 'GPL-2.0-or-later', []],
    [['Expat', 'ISC'], 'MIT AND ISC', []],
    [['GPL-2+ or Apache-2.0'], 'GPL-2.0-or-later OR Apache-2.0', []],
    [['GPL-2+ or Apache-2.0', 'ISC'], '(GPL-2.0-or-later OR Apache-2.0) AND ISC', []],
    [['LGPL-2.1+ and Expat or Zlib'], 'LGPL-2.1-or-later AND MIT OR Zlib', []],
    [['public-domain'], 'LicenseRef-debian-public-domain', ['public-domain']],
    [['BSD-2-clause', 'BSD-2-Clause'], 'BSD-2-Clause', []],
    [['constructor'], 'LicenseRef-debian-constructor', ['constructor']],
    [
      ['GPL-2+ with OpenSSL exception'],
      licenceReference('GPL-2+ with OpenSSL exception'),
      ['GPL-2+ with OpenSSL exception'],
    ],
  ])('%j are %s', (licences, expression, referred) => {
    expect(licenceExpression(licences)).toEqual({ expression, referred });
  });

  it('refer to different names differently', () => {
    const names = ['a_b', 'a b', 'a-b', 'a/b'].map(licenceReference);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^LicenseRef-[A-Za-z0-9.-]+$/);
  });
});

describe('the bill of materials in SPDX', () => {
  const document = spdxDocumentSchema.parse(jsonOf('spdx'));

  it('is as it was', () => {
    expect(document).toMatchSnapshot();
  });

  it('names each element once, and relates only those', () => {
    const ids = document.packages.map(({ SPDXID }) => SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { spdxElementId, relatedSpdxElement } of document.relationships) {
      expect(['SPDXRef-DOCUMENT', ...ids]).toContain(spdxElementId);
      expect(ids).toContain(relatedSpdxElement);
    }
    const related = new Set(document.relationships.map(({ relatedSpdxElement }) => relatedSpdxElement));
    expect(ids.filter((id) => !related.has(id))).toEqual([]);
  });

  it('defines each licence that it refers to', () => {
    const referred = document.packages.flatMap(({ licenseDeclared }) => licenseDeclared.match(/LicenseRef-\S+/g) ?? []);
    expect(referred.length).toBeGreaterThan(0);
    const defined = (document.hasExtractedLicensingInfos ?? []).map(({ licenseId }) => licenseId);
    expect([...new Set(referred.map((name) => name.replace(/\)$/, '')))].sort()).toEqual(defined.toSorted());
  });
});

describe('the bill of materials in CycloneDX', () => {
  const document = cyclonedxDocumentSchema.parse(jsonOf('cyclonedx'));

  it('is as it was', () => {
    expect(document).toMatchSnapshot();
  });

  it('names each component once, and depends only on those', () => {
    const references = [document.metadata.component, ...document.components].map((one) => one['bom-ref']);
    expect(new Set(references).size).toBe(references.length);
    for (const { ref, dependsOn } of document.dependencies) {
      for (const name of [ref, ...dependsOn]) expect(references).toContain(name);
    }
  });

  it('has a serial number of the plan: a UUID of version 8', () => {
    expect(document.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    const source = sampleSource(keyId);
    const other = makeEvidence({ ...source, image: { ...source.image, planDigest: 'f'.repeat(64) } });
    const serial = other.files.flatMap(({ kind, bytes }) => (kind === 'cyclonedx' ? [readJson(bytes)] : []));
    expect(cyclonedxDocumentSchema.parse(serial[0]).serialNumber).not.toBe(document.serialNumber);
  });
});

describe('the provenance', () => {
  const statement = statementSchema.parse(jsonOf('provenance'));

  it('is as it was', () => {
    expect(statement).toMatchSnapshot();
  });

  it('has the artifacts as subjects, and all evidence that was made before it beside them', () => {
    expect(statement.subject.map(({ name }) => name)).toEqual(['edge-web.oci.tar', 'edge-web.tar.zst']);
    const beside = statement.predicate.runDetails.byproducts.map(({ name }) => name);
    expect(beside).toEqual(['packages.jsonl', 'sbom.spdx.json', 'sbom.cdx.json', 'spec.json']);
  });

  it.each(['user:word@', 'user:w@word@', 'token@word@'])('tells no user and password of an archive: %s', (user) => {
    const source = sampleSource(keyId);
    const [suite] = source.run.archive.suites;
    if (suite === undefined) throw new Error('no suite');
    const archive = {
      suites: [{ ...suite, uri: `https://${user}archive.invalid/debian/`, inRelease: 'b'.repeat(64) }],
    };
    const files = makeEvidence({ ...source, run: { ...source.run, archive } }).files;
    const text = files.map(({ bytes }) => Buffer.from(bytes).toString('utf8')).join('');
    expect(text).not.toContain('word@');
    expect(text).toContain('"uri":"https://archive.invalid/debian/dists/trixie/InRelease"');
  });
});

describe('the spec', () => {
  it('is shown without the texts of secret members, wherever they are', () => {
    const spec = specWith({ users: [{ name: 'ops', passwordHash }, { name: 'guest' }] });
    const shown = canonicalJson(redactedSpec(spec));
    expect(shown).not.toContain(passwordHash);
    expect(shown.match(/\(redacted\)/g)).toHaveLength(1);
    expect(canonicalJson(redactedSpec({ ...spec, users: spec.users.slice(1) }))).toBe(
      canonicalJson({ ...spec, users: spec.users.slice(1) }),
    );
  });
});

describe('all evidence', () => {
  it('holds no password hash', () => {
    for (const { name, bytes } of sampleEvidence().files) {
      const text = Buffer.from(bytes).toString('utf8');
      expect([name, text.includes(passwordHash)]).toEqual([name, false]);
      const payload = name.endsWith('.dsse.json') ? Buffer.from(JSON.parse(text).payload, 'base64').toString() : '';
      expect(payload).not.toContain(passwordHash);
    }
  });

  it('is the same from the same source, and has a name each', () => {
    const again = makeEvidence(sampleSource(keyId));
    expect(again.files.map(({ bytes }) => Buffer.from(bytes))).toEqual(
      made.files.map(({ bytes }) => Buffer.from(bytes)),
    );
    expect(
      sampleEvidence()
        .files.map(({ kind }) => kind)
        .sort(),
    ).toEqual([...usualEvidence].sort());
    expect(new Set(Object.values(evidenceFiles).map(({ name }) => name)).size).toBe(evidenceKinds.length);
  });

  it('lists the packages a line each', () => {
    expect(textOf('packages').split('\n')).toEqual([
      '{"name":"bash","version":"1:5.3-1~rc1","architecture":"amd64","source":"bash","sourceVersion":"5.3-1"}',
      '{"name":"libstdc++6","version":"14.2.0-19","architecture":"amd64","source":"gcc-14","sourceVersion":"14.2.0-19"}',
      '{"name":"tzdata","version":"2025a-2","architecture":"all","source":"tzdata","sourceVersion":"2025a-2"}',
      '',
    ]);
  });

  it('has checksums that sha256sum takes, of all but themselves and the signature', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lbuild-sums-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { files, artifacts } = sampleEvidence();
    for (const { name, bytes } of [...files, ...artifacts]) writeFileSync(join(folder, name), bytes);
    const told = execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' });
    expect(told.trim().split('\n').sort()).toEqual(
      [...files, ...artifacts]
        .map(({ name }) => name)
        .filter((name) => name !== 'SHA256SUMS' && name !== 'provenance.dsse.json')
        .map((name) => `${name}: OK`)
        .sort(),
    );
  });
});
