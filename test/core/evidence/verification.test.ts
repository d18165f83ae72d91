import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { envelopeFile, preAuthenticationEncoding } from '../../../core/evidence/envelope.ts';
import { evidenceFiles } from '../../../core/evidence/evidence-file.ts';
import { type FoundFile, verifyEvidence } from '../../../core/evidence/verification.ts';
import { utf8 } from '../../../core/json.ts';
import { found, sampleEvidence, trustedKey } from './sample-evidence.ts';

const sample = sampleEvidence();
const whole = [...sample.files, ...sample.artifacts].map(({ name, bytes }) => found(name, bytes));
const names = whole.map(({ name }) => name).sort();

function flipped({ name, bytes = new Uint8Array() }: FoundFile, position: number, bit: number): FoundFile {
  const changed = Uint8Array.from(bytes);
  changed[position] = (changed[position] ?? 0) ^ (1 << bit);
  return found(name, changed);
}

describe('evidence as it was made', () => {
  it('verifies, every file of it', () => {
    const { findings, verified, unnamed, statement } = verifyEvidence(whole, sample.key, true);
    expect({ findings, verified, unnamed }).toEqual({ findings: [], verified: names, unnamed: [] });
    expect(statement?.predicate.runDetails.metadata.invocationId).toContain('bld_01J');
  });

  it('verifies an artifact whose bytes were only hashed', () => {
    const hashed = whole.map((file): FoundFile => {
      const { name, size, sha256 } = file;
      return name.startsWith('edge') ? { name, size, sha256 } : file;
    });
    expect(verifyEvidence(hashed, sample.key, true).findings).toEqual([]);
  });

  it('verifies in parts, where the signature is among them', () => {
    const some = whole.filter(({ name }) => ['provenance.dsse.json', 'edge-web.tar.zst'].includes(name));
    const { findings, verified } = verifyEvidence(some, sample.key, false);
    expect({ findings, verified }).toEqual({ findings: [], verified: ['edge-web.tar.zst', 'provenance.dsse.json'] });
  });
});

describe('a byte that is another', () => {
  it.each(whole.map((file) => [file.name, file] as const))('of %s is found, wherever it is', (name, file) => {
    const size = file.size;
    const step = Math.max(1, Math.floor(size / 50));
    for (let position = 0; position < size; position += step) {
      const changed = flipped(file, position, position % 8);
      const { findings } = verifyEvidence(
        whole.map((one) => (one.name === name ? changed : one)),
        sample.key,
        true,
      );
      expect([position, findings.map((finding) => finding.file)]).toEqual([position, [name]]);
      expect(findings[0]?.reason).not.toBe('');
    }
    for (const bytes of [new Uint8Array(), file.bytes?.slice(0, -1) ?? new Uint8Array(), utf8('other')]) {
      const changed = whole.map((one) => (one.name === name ? found(name, bytes) : one));
      expect(verifyEvidence(changed, sample.key, true).findings.map((finding) => finding.file)).toEqual([name]);
    }
  });

  it('of the signature is found at each of its bits', () => {
    const file = whole.find(({ name }) => name === evidenceFiles.signature.name);
    if (file === undefined) throw new Error('no signature');
    const text = Buffer.from(file.bytes ?? []).toString('utf8');
    const from = text.indexOf('"signatures"');
    for (let position = from; position < text.length; position += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const { findings } = verifyEvidence([flipped(file, position, bit)], sample.key, false);
        expect([position, bit, findings.length]).toEqual([position, bit, 1]);
      }
    }
  });
});

describe('what is not there, or not of the build', () => {
  it.each(names)('a folder without %s is not whole', (name) => {
    const rest = whole.filter((file) => file.name !== name);
    const { findings } = verifyEvidence(rest, sample.key, true);
    expect(findings.map(({ file, reason }) => [file, reason.slice(0, 13)])).toEqual([[name, 'it is missing']]);
  });

  it('a file that nobody named is told in a folder, and refused where it was given', () => {
    const more = [...whole, found('evil.iso', utf8('x'))];
    expect(verifyEvidence(more, sample.key, true)).toMatchObject({ findings: [], unnamed: ['evil.iso'] });
    expect(verifyEvidence(more, sample.key, false).findings).toEqual([
      { file: 'evil.iso', reason: 'the provenance does not name it' },
    ]);
  });

  it('an artifact under the name of another is refused', () => {
    const [one, other] = sample.artifacts;
    const swapped = whole.map((file) => (file.name === one?.name ? found(file.name, other?.bytes ?? utf8('')) : file));
    expect(verifyEvidence(swapped, sample.key, true).findings.map(({ file }) => file)).toEqual([one?.name]);
  });

  it('evidence that another key signed is refused, whole as it is, and one that only claims the right key', () => {
    const stranger = sampleEvidence();
    const files = [...stranger.files, ...stranger.artifacts].map(({ name, bytes }) => found(name, bytes));
    const refused = verifyEvidence(files, sample.key, true);
    expect(refused).toMatchObject({ verified: [], findings: [{ file: 'provenance.dsse.json' }] });
    expect(refused.findings[0]?.reason).toContain(sample.key.keyId);
    const payload = sample.files.find(({ kind }) => kind === 'provenance')?.bytes ?? utf8('');
    const forged = envelopeFile({ payload, keyId: sample.key.keyId, signature: utf8('no signature') });
    const changed = whole.map((file) => (file.name === forged.name ? found(forged.name, forged.bytes) : file));
    expect(verifyEvidence(changed, sample.key, true).findings[0]?.reason).toContain('does not verify');
  });

  it('a payload of another kind is refused though the right key signed it', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const key = trustedKey(publicKey);
    const payload = utf8('{"_type":"https://in-toto.io/Statement/v1","subject":[]}');
    const signature = sign('sha256', preAuthenticationEncoding(payload), privateKey);
    const envelope = envelopeFile({ payload, keyId: key.keyId, signature });
    const { findings } = verifyEvidence([found(envelope.name, envelope.bytes)], key, false);
    expect(findings).toEqual([{ file: envelope.name, reason: expect.stringContaining('no provenance of an image') }]);
  });
});
