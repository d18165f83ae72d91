import { readFileSync } from 'node:fs';
import { type AdvisoryIndex, indexAdvisories } from '../../../core/vulnerabilities/advisory-index.ts';
import type { ScannedPackage } from '../../../core/vulnerabilities/match.ts';
import { mergeAdvisories } from '../../../core/vulnerabilities/merge.ts';
import { readVulnerabilityData, type VulnerabilityData } from '../../../core/vulnerabilities/read-data.ts';

export const takenAt = new Date('2026-01-15T10:00:00.000Z');

const bytesOf = (name: string): Uint8Array => readFileSync(new URL(`data/${name}`, import.meta.url));
export const trackerBytes = bytesOf('tracker.json');
export const osvBytes = bytesOf('osv.ndjson');

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Reads a value as a file of its JSON. */
export const readValue = (value: unknown, at = takenAt): VulnerabilityData =>
  readVulnerabilityData(utf8(JSON.stringify(value)), { takenAt: at });

/** The data set of these tests. */
export const sampleIndex = (): AdvisoryIndex =>
  indexAdvisories(mergeAdvisories([trackerBytes, osvBytes].map((bytes) => readVulnerabilityData(bytes, { takenAt }))));

/** The index of one file that holds a value. */
export const indexOf = (...values: readonly unknown[]): AdvisoryIndex =>
  indexAdvisories(mergeAdvisories(values.map((value) => readValue(value))));

const installed = (name: string, version: string, source?: string, sourceVersion = version): ScannedPackage => ({
  ...{ name, version, architecture: 'amd64' },
  ...(source === undefined ? {} : { source, sourceVersion }),
});

/** An image of Debian 12, and one of Ubuntu 24.04. */
export const images: Readonly<Record<'bookworm' | 'noble', readonly ScannedPackage[]>> = {
  bookworm: [
    installed('openssl', '3.0.11-1~deb12u2', 'openssl'),
    installed('libssl3', '3.0.11-1~deb12u2', 'openssl'),
    installed('vim', '2:9.0.1378-2+b1', 'vim', '2:9.0.1378-2'),
    installed('linux-image-6.1.0-21-amd64', '6.1.90-1', 'linux-signed-amd64', '6.1.90+1'),
    installed('zlib1g', '1:1.2.13.dfsg-1', 'zlib'),
    installed('bash', '5.2.15-2+b7', 'bash', '5.2.15-2'),
    installed('liboldlib1', '0.9-4', 'oldlib'),
    // The index of an old layer says no source.
    installed('counted', '1.4-2+b1'),
    installed('unknown-to-all', '1.0-1', 'unknown-to-all'),
  ],
  noble: [
    installed('libssl3t64', '3.0.13-0ubuntu3.1', 'openssl'),
    installed('ovmf', '0~20240101.abc-1', 'edk2'),
    installed('curl', '8.5.0-2ubuntu10.1', 'curl'),
    installed('linux-image-6.8.0-31-generic', '6.8.0-31.31', 'linux-signed', '6.8.0-31.31'),
    installed('linux-modules-6.8.0-31-generic', '6.8.0-31.31', 'linux', '6.8.0-31.31'),
    installed('linux-image-6.8.0-1008-aws', '6.8.0-1008.8', 'linux-signed-aws', '6.8.0-1008.8+1'),
  ],
};
