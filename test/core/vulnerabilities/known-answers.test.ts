import { describe, expect, it } from 'vitest';
import { findingSchema } from '../../../core/vulnerabilities/finding.ts';
import { matchPackages } from '../../../core/vulnerabilities/match.ts';
import { images, sampleIndex } from './data-set.ts';

/** What a scan must say, `none` where it must say nothing. */
type Row = readonly [
  what: string,
  image: keyof typeof images,
  advisory: string,
  source: string,
  answer: 'none' | readonly [status: string, severity: string, fixedIn?: string],
];

const rows: readonly Row[] = [
  ['older than the fix', 'bookworm', 'CVE-2023-1001', 'openssl', ['fixed', 'high', '3.0.13-1~deb12u1']],
  ['the version of the fix itself', 'bookworm', 'CVE-2023-1002', 'openssl', 'none'],
  ['before the fix by a tilde', 'bookworm', 'CVE-2023-1003', 'openssl', ['fixed', 'high', '3.0.11-1']],
  ['fixed in "0"', 'bookworm', 'CVE-2022-1004', 'openssl', 'none'],
  ['open without a fix', 'bookworm', 'CVE-2025-1005', 'openssl', ['open', 'medium']],
  ['undetermined', 'bookworm', 'CVE-2025-1006', 'openssl', ['undetermined', 'unknown']],
  ['of a release that is not built here', 'bookworm', 'CVE-2023-1007', 'openssl', 'none'],
  ['resolved in no version', 'bookworm', 'CVE-2025-1008', 'openssl', ['undetermined', 'low']],
  ['without a CVE id', 'bookworm', 'TEMP-0000000-ABCDEF', 'openssl', ['open', 'negligible']],
  ['fixed before the epoch', 'bookworm', 'CVE-2023-2001', 'vim', 'none'],
  ['fixed by +deb12u1', 'bookworm', 'CVE-2023-2002', 'vim', ['fixed', 'low', '2:9.0.1378-2+deb12u1']],
  ['fixed in a later epoch', 'bookworm', 'CVE-2023-2003', 'vim', ['fixed', 'medium', '3:1.0-1']],
  ['known from a notice only', 'bookworm', 'CVE-2023-2009', 'vim', ['fixed', 'unknown', '2:9.0.1378-2+deb12u9']],
  ['of the kernel, signed', 'bookworm', 'CVE-2024-3001', 'linux', ['fixed', 'unknown', '6.1.94-1']],
  ['fixed in this kernel', 'bookworm', 'CVE-2024-3002', 'linux', 'none'],
  ['ignored, rated by another file', 'bookworm', 'CVE-2023-45853', 'zlib', ['ignored', 'critical']],
  ['postponed', 'bookworm', 'CVE-2024-4001', 'bash', ['postponed', 'low']],
  ['minor', 'bookworm', 'CVE-2024-4002', 'bash', ['open', 'low']],
  ['of a notice without a CVE id', 'bookworm', 'DSA-5901-1', 'bash', ['fixed', 'unknown', '5.2.15-3']],
  ['at the end of its life', 'bookworm', 'CVE-2024-5001', 'oldlib', ['end-of-life', 'unknown']],
  ['after the source, before its build', 'bookworm', 'CVE-2024-6001', 'counted', ['fixed', 'high', '1.4-2+a1']],
  ['with the priority of Ubuntu', 'noble', 'CVE-2024-7001', 'openssl', ['fixed', 'medium', '3.0.13-0ubuntu3.4']],
  ['introduced after the version', 'noble', 'CVE-2024-7002', 'openssl', 'none'],
  ['introduced before the version', 'noble', 'CVE-2024-7003', 'openssl', ['fixed', 'high', '3.0.13-0ubuntu3.5']],
  ['of the last affected version', 'noble', 'CVE-2024-7004', 'openssl', ['open', 'low']],
  ['after the last affected version', 'noble', 'CVE-2024-7005', 'openssl', 'none'],
  ['withdrawn', 'noble', 'CVE-2024-7006', 'openssl', 'none'],
  ['introduced before "0~…"', 'noble', 'CVE-2024-7007', 'edk2', ['open', 'negligible']],
  ['listed by its version', 'noble', 'CVE-2024-7008', 'edk2', ['open', 'unknown']],
  ['not listed by its version', 'noble', 'CVE-2024-7009', 'edk2', 'none'],
  ['in the last of three ranges', 'noble', 'CVE-2024-7010', 'curl', ['fixed', 'medium', '8.5.0-2ubuntu10.6']],
  ['of a notice of two CVE ids', 'noble', 'CVE-2024-7011', 'curl', ['fixed', 'unknown', '8.5.0-2ubuntu10.2']],
  ['of a package of that notice', 'noble', 'CVE-2024-7001', 'curl', ['fixed', 'unknown', '8.5.0-2ubuntu10.2']],
  ['of Ubuntu’s kernel, signed or not', 'noble', 'CVE-2024-7012', 'linux', ['fixed', 'high', '6.8.0-35.35']],
  ['of a flavour of the kernel', 'noble', 'CVE-2024-7012', 'linux-aws', ['fixed', 'high', '6.8.0-1009.9']],
  ['introduced in the version', 'noble', 'CVE-2024-7014', 'openssl', ['open', 'low']],
  ['introduced twice', 'noble', 'CVE-2024-7015', 'openssl', ['fixed', 'low', '3.0.13-0ubuntu3.5']],
  ['listed beside a range that has a fix', 'noble', 'CVE-2024-7016', 'openssl', ['open', 'low']],
  [
    'fixed by the second of two notices',
    'noble',
    'CVE-2024-7017',
    'openssl',
    ['fixed', 'unknown', '3.0.13-0ubuntu3.7'],
  ],
  ['of another release', 'noble', 'CVE-2024-7013', 'openssl', 'none'],
];

const index = sampleIndex();
const found = {
  bookworm: matchPackages(images.bookworm, index, 'bookworm').findings,
  noble: matchPackages(images.noble, index, 'noble').findings,
};

describe('a vulnerability', () => {
  it.each(rows)('%s (%s, %s in %s)', (_what, image, advisory, source, answer) => {
    const findings = found[image].filter((one) => one.advisory === advisory && one.source === source);
    const answers = findings.map(({ status, severity, fixedIn }) => [status, severity, ...(fixedIn ? [fixedIn] : [])]);
    expect(answers).toEqual(answer === 'none' ? [] : [[...answer]]);
  });

  it('is found in no case beyond these', () => {
    const told = (image: Row[1]) => rows.filter((row) => row[1] === image && row[4] !== 'none').length;
    // The notice says of openssl in noble what its record says too, and CVE-2024-7011, which has no record.
    expect(found.bookworm).toHaveLength(told('bookworm'));
    expect(found.noble).toHaveLength(told('noble') + 1);
  });
});

describe('findings', () => {
  it('are of the form that is kept, the most severe first', () => {
    for (const finding of [...found.bookworm, ...found.noble]) expect(findingSchema.parse(finding)).toEqual(finding);
    expect(found.bookworm.map(({ severity, advisory }) => `${severity} ${advisory}`)).toEqual([
      ...['critical CVE-2023-45853', 'high CVE-2023-1001', 'high CVE-2023-1003', 'high CVE-2024-6001'],
      ...['medium CVE-2023-2003', 'medium CVE-2025-1005', 'low CVE-2023-2002', 'low CVE-2024-4001'],
      ...['low CVE-2024-4002', 'low CVE-2025-1008', 'negligible TEMP-0000000-ABCDEF', 'unknown CVE-2023-2009'],
      ...['unknown CVE-2024-3001', 'unknown CVE-2024-5001', 'unknown CVE-2025-1006', 'unknown DSA-5901-1'],
    ]);
  });

  it('name the packages that are built from the source', () => {
    const first = found.bookworm.find(({ advisory }) => advisory === 'CVE-2023-1001');
    expect(first).toMatchObject({
      version: '3.0.11-1~deb12u2',
      binaries: [
        { name: 'libssl3', version: '3.0.11-1~deb12u2', architecture: 'amd64' },
        { name: 'openssl', version: '3.0.11-1~deb12u2', architecture: 'amd64' },
      ],
      binaryCount: 2,
      severitySource: 'cvss',
      description: 'Fixed in a version that the image is older than.',
      references: ['DEBIAN-CVE-2023-1001'],
    });
    const kernel = found.noble.find(({ source }) => source === 'linux');
    expect(kernel?.binaries.map(({ name }) => name)).toEqual([
      'linux-image-6.8.0-31-generic',
      'linux-modules-6.8.0-31-generic',
    ]);
    const vim = found.bookworm.find(({ advisory }) => advisory === 'CVE-2023-2002');
    expect(vim).toMatchObject({ version: '2:9.0.1378-2', binaries: [{ version: '2:9.0.1378-2+b1' }] });
  });
});
