import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleEvidence } from '../core/evidence/sample-evidence.ts';
import { startExample } from '../functions/api/example-spec.ts';
import { forceState, storeArtifact, storeEvidence } from '../functions/api/stored-build.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

const sample = sampleEvidence();
const files = [...sample.files, ...sample.artifacts];
let cli: CliUnderTest;
let folder: string;
let key: string;
beforeAll(async () => {
  cli = await openCli();
  folder = mkdtempSync(path.join(tmpdir(), 'lbuild-evidence-'));
  key = path.join(cli.folder, 'key.pem');
  writeFileSync(key, sample.publicKey);
  for (const { name, bytes } of files) writeFileSync(path.join(folder, name), bytes);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cli.close();
});

/** Runs the command without any engine in its environment. */
const verify = (...paths: string[]) => cli.run(['verify-artifact', ...paths, '--key', key], { environment: {} });

describe('lbuild verify-artifact', () => {
  it('verifies a folder, and tells each file and who made them', async () => {
    const { code, out, err } = await verify(folder);
    expect([code, err]).toEqual([0, '']);
    for (const { name } of files) expect(out).toContain(`verified  ${name}\n`);
    expect(out).toContain(`signed by the key ${sample.key.keyId}`);
  });

  it('answers with one JSON document', async () => {
    const { code, out } = await cli.run(['verify-artifact', folder, '--key', key, '--json'], { environment: {} });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      verified: true,
      keyId: sample.key.keyId,
      build: expect.objectContaining({ invocationId: expect.stringContaining('bld_') }),
      files: files.map(({ name }) => name).sort(),
      findings: [],
      unnamed: [],
    });
  });

  it.each(files.map(({ name }) => name))('finds a flipped byte of %s, and says so', async (name) => {
    const place = path.join(folder, name);
    const bytes = readFileSync(place);
    const changed = Buffer.from(bytes);
    const at = Math.floor(changed.length / 2);
    changed[at] = (changed[at] ?? 0) ^ 4;
    writeFileSync(place, changed);
    const { code, out } = await cli.run(['verify-artifact', folder, '--key', key, '--json'], { environment: {} });
    writeFileSync(place, bytes);
    expect(code).toBe(8);
    expect(JSON.parse(out)).toMatchObject({ verified: false, findings: [{ file: name, reason: expect.any(String) }] });
  });

  it('verifies some files with the signature, and refuses one of another build', async () => {
    const [signature, artifact] = ['provenance.dsse.json', 'edge-web.tar.zst'].map((name) => path.join(folder, name));
    expect((await verify(signature ?? '', artifact ?? '')).code).toBe(0);
    const other = path.join(cli.folder, 'other.iso');
    writeFileSync(other, 'other');
    const refused = await verify(signature ?? '', other);
    expect([refused.code, refused.out]).toEqual([8, expect.stringContaining('NOT VERIFIED  other.iso: ')]);
    const alone = await verify(artifact ?? '');
    expect([alone.code, alone.out]).toEqual([8, expect.stringContaining('provenance.dsse.json: it is missing')]);
  });

  it('tells what else lies in the folder, without what a terminal would act on', async () => {
    const place = path.join(folder, 'README\u001b[2J.txt');
    // A file of a thousand gigabytes, which nobody reads in the time of a test.
    writeFileSync(place, 'mine');
    truncateSync(place, 1e12);
    const { code, err } = await verify(folder);
    rmSync(place);
    expect([code, err]).toEqual([0, 'not looked at, since the evidence does not name it: README.txt\n']);
  });

  it.each([
    ['a key that is none', () => [folder, '--key', path.join(folder, 'sbom.spdx.json')], 'cli.key_unreadable'],
    ['a key that is not there', () => [folder, '--key', 'nothing.pem'], 'cli.key_unreadable'],
    ['a file that is not there', () => ['nothing.iso', '--key', key], 'cli.file_unreadable'],
    [
      'two files of one name',
      () => [`${folder}/sbom.cdx.json`, `${folder}/./sbom.cdx.json`, '--key', key],
      'cli.file_unreadable',
    ],
  ])('exits 2 for %s', async (_name, args, expected) => {
    const { code, err } = await cli.run(['verify-artifact', ...args()], { environment: {} });
    expect([code, err]).toEqual([2, expect.stringContaining(expected)]);
  });

  it('takes no other key for the engine’s', async () => {
    const other = path.join(cli.folder, 'other.pem');
    writeFileSync(other, sampleEvidence().publicKey);
    const { code, out } = await cli.run(['verify-artifact', folder, '--key', other], { environment: {} });
    expect([code, out]).toEqual([
      8,
      expect.stringMatching(/provenance\.dsse\.json: it is signed by the key [0-9a-f]{64}/),
    ]);
  });
});

describe('lbuild with evidence of a build', () => {
  it('downloads it beside the artifacts, where it is asked for', async () => {
    const { ports } = cli.api;
    const id = await startExample(cli.api.url, cli.tenant.keys.owner);
    await storeArtifact(ports, cli.tenant.tenantId, id, 'a.tar.zst', 'bytes of a');
    const missing = await cli.run(['download', id, '--to', path.join(cli.folder, 'none'), '--evidence']);
    expect([missing.code, missing.err]).toEqual([3, expect.stringContaining('evidence.not_found')]);
    await storeEvidence(ports, cli.tenant.tenantId, id, sample.files);
    await forceState(ports, id, 'succeeded');
    const to = path.join(cli.folder, 'with');
    const { code, out } = await cli.run(['download', id, '--to', to, '--evidence', '--json']);
    expect(code).toBe(0);
    const names = JSON.parse(out).files.map((file: { name: string }) => file.name);
    expect(names).toEqual(['a.tar.zst', ...sample.files.map(({ name }) => name)]);
    for (const { name, bytes } of sample.files) expect(readFileSync(path.join(to, name)).equals(bytes)).toBe(true);
  });

  it('prints the key that it is verified with', async () => {
    const { code, out } = await cli.run(['signing-key']);
    const { publicKey, keyId } = await cli.api.ports.signer.key();
    expect([code, out]).toEqual([0, publicKey]);
    expect(JSON.parse((await cli.run(['signing-key', '--json'])).out)).toMatchObject({ keyId, publicKey });
  });
});
