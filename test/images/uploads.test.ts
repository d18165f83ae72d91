import { execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256 } from '../../core/digest.ts';
import type { OpenRunner } from '../../local/engine.ts';
import type { Artifact, Upload, Verification } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { type ContainerRun, podmanRunner } from '../support/podman-runner.ts';
import { smallSpec } from '../support/small-spec.ts';

const mib = 1 << 20;
/** Larger than what is downloaded by one request, and than what would pass unseen in a builder's memory. */
const largeMiB = 300;

interface Row {
  readonly upload: Upload;
  readonly artifact: Artifact;
  readonly file: string;
  readonly seconds: { readonly upload: number; readonly build: number; readonly files: number };
  readonly verification: Verification | undefined;
}

const folder = mkdtempSync(join(tmpdir(), 'lbuild-uploads-'));
const large = join(folder, 'large.bin');
const containers: ContainerRun[] = [];
const rows = new Map<string, Row>();

/** Bytes that no compression makes less of, the same each time. */
function writeLarge(): void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const file = openSync(large, 'w');
  for (let at = 0; at < largeMiB; at += 1) writeSync(file, cipher.update(Buffer.alloc(mib)));
  closeSync(file);
}

async function build(name: string, mode: 'contained' | 'privileged', verifies: boolean, openRunner?: OpenRunner) {
  const directory = engineFolder();
  const engine = await startEngineInProcess(directory, { mode, ...(openRunner === undefined ? {} : { openRunner }) });
  try {
    const began = performance.now();
    const upload = await engine.client.uploads.send(large);
    const uploaded = performance.now();
    const small = await engine.client.uploads.send(new Blob(['small\n']), { name: 'small' });
    const spec = {
      ...smallSpec([]),
      files: [
        { path: '/srv/model/weights.bin', upload: upload.sha256, mode: '0640', owner: 'www-data', group: 'shadow' },
        { path: '/usr/local/bin/small', upload: small.sha256, mode: '0755' },
      ],
    };
    const started = await engine.client.startBuild(spec);
    const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
    expect(ended.failure).toBeUndefined();
    const built = performance.now();
    const [artifact] = await engine.client.builds.listArtifacts(started.id);
    if (artifact === undefined) throw new Error('the build made nothing');
    const { path } = await engine.client.downloadArtifact(started.id, artifact.name, join(folder, name));
    const step = ended.stages.flatMap(({ steps }) => steps).find(({ id }) => id === 'files');
    const { program = 0, capture = 0 } = step?.milliseconds ?? {};
    const seconds = {
      upload: (uploaded - began) / 1_000,
      build: (built - uploaded) / 1_000,
      files: (program + capture) / 1_000,
    };
    let verification: Verification | undefined;
    if (verifies) {
      const again = await engine.client.builds.verify(started.id);
      expect((await engine.client.waitForBuild(again.id, { pollMilliseconds: 200 })).failure).toBeUndefined();
      verification = (await engine.client.builds.listVerifications(started.id))[0];
    }
    rows.set(name, { upload, artifact, file: path, seconds, verification });
    const text = Object.entries(seconds).map(([what, time]) => `${what} ${time.toFixed(1)} s`);
    console.log(`${name}: ${largeMiB} MiB: ${text.join(', ')}; tar of ${artifact.size} bytes`);
  } finally {
    await engine.close();
    removeFolder(directory);
  }
}

function row(name: string): Row {
  const found = rows.get(name);
  if (found === undefined) throw new Error(`the build ${name} did not succeed`);
  return found;
}

beforeAll(async () => {
  writeLarge();
  await build('contained', 'contained', true);
  await build('privileged', 'privileged', false);
  await build('container', 'contained', false, podmanRunner(containers));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is in the image with its bytes, mode and owners', () => {
  const { file, upload } = row('contained');
  const tar = (...args: string[]) => execFileSync('tar', ['--zstd', ...args], { maxBuffer: 2 * largeMiB * mib });
  const listed = tar('--numeric-owner', '-tvf', file, './srv/model/weights.bin', './usr/local/bin/small').toString();
  expect(listed).toMatch(new RegExp(`^-rw-r----- 33/42 +${largeMiB * mib} .* \\./srv/model/weights\\.bin$`, 'm'));
  expect(listed).toMatch(/^-rwxr-xr-x 0\/0 +6 .* \.\/usr\/local\/bin\/small$/m);
  expect(sha256(tar('-xOf', file, './srv/model/weights.bin'))).toBe(upload.sha256);
  expect(tar('-xOf', file, './usr/local/bin/small').toString()).toBe('small\n');
});

it('gives the same image by privileged builders, and by one in a container that downloads it', () => {
  expect(row('privileged').artifact.sha256).toBe(row('contained').artifact.sha256);
  expect(row('container').artifact.sha256).toBe(row('contained').artifact.sha256);
  expect(containers).toEqual([{ stageId: 's1', trust: 'service', exitCode: 0 }]);
});

it('is there when the build is verified', () => {
  expect(row('contained').verification).toMatchObject({ verdict: 'identical', artifacts: [{ same: true }] });
});
