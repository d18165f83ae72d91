import { type AttemptRecord, stageRecordSchema } from '../../../core/builds/build-record.ts';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { type EvidenceRecord, evidenceWrite } from '../../../core/builds/evidence-record.ts';
import { stageKey } from '../../../core/builds/keys.ts';
import type { BuildState, WorkState } from '../../../core/builds/lifecycle.ts';
import type { LogLine } from '../../../core/builds/manifest.ts';
import { artifactPlace, logPlace } from '../../../core/builds/places.ts';
import { artifactWrite, attemptWrite, progressWrite, testWrite } from '../../../core/builds/stage-repository.ts';
import { sha256 } from '../../../core/digest.ts';
import { toJsonObject, utf8 } from '../../../core/json.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** Puts a build's records where its execution would have put them. */
export async function storeStage(
  ports: Ports,
  buildId: string,
  stage: {
    readonly id: string;
    readonly state: WorkState;
    readonly steps: readonly string[];
    readonly attempt: number;
  },
): Promise<void> {
  const record = stageRecordSchema.parse({
    ...stage,
    trust: 'service',
    needs: [],
    dependents: [],
    retries: { infrastructure: 0, lost: 0 },
  });
  await ports.table.transact([{ kind: 'put', key: stageKey(buildId, stage.id), data: toJsonObject(record) }]);
}

export async function storeAttempt(
  ports: Ports,
  buildId: string,
  attempt: {
    readonly stage: string;
    readonly number: number;
    readonly ticket: string;
    readonly steps: readonly string[];
    readonly progress?: { readonly step: string; readonly percent: number };
  } & Partial<Pick<AttemptRecord, 'state' | 'trust' | 'secrets'>>,
): Promise<void> {
  const record: AttemptRecord = {
    stage: attempt.stage,
    attempt: attempt.number,
    ticketHash: sha256(attempt.ticket),
    state: attempt.state ?? 'live',
    trust: attempt.trust ?? 'service',
    steps: [...attempt.steps],
    blobs: {},
    ...(attempt.secrets === undefined ? {} : { secrets: attempt.secrets }),
    preparedAt: ports.clock.now().toISOString(),
  };
  const { key } = attemptWrite(buildId, record, 'absent');
  await ports.table.transact([{ kind: 'put', key, data: toJsonObject(record) }]);
  if (attempt.progress === undefined) return;
  const progress = { stage: attempt.stage, attempt: attempt.number, ...attempt.progress };
  await ports.table.transact([progressWrite(buildId, progress)]);
}

export async function storeLog(
  ports: Ports,
  buildId: string,
  stage: string,
  attempt: number,
  lines: readonly LogLine[],
): Promise<void> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  await ports.blobs.put(logPlace(buildId, stage, attempt), utf8(text), { contentType: 'application/x-ndjson' });
}

export async function storeArtifact(
  ports: Ports,
  tenantId: string,
  buildId: string,
  name: string,
  content: string,
): Promise<void> {
  const digest = sha256(content);
  await ports.blobs.put(artifactPlace(tenantId, digest), utf8(content), { contentType: 'application/octet-stream' });
  await ports.table.transact([
    artifactWrite(buildId, {
      name,
      type: 'tar',
      step: 'tar',
      size: utf8(content).byteLength,
      sha256: digest,
      mediaType: 'application/zstd',
    }),
  ]);
}

/** Stores files of evidence, and makes them the build's. */
export async function storeEvidence(
  ports: Ports,
  tenantId: string,
  buildId: string,
  files: readonly { readonly kind: EvidenceRecord['kind']; readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  const records: EvidenceRecord[] = [];
  for (const { kind, name, bytes } of files) {
    const [digest, mediaType] = [sha256(bytes), 'application/octet-stream'];
    await ports.blobs.put(artifactPlace(tenantId, digest), bytes, { contentType: mediaType });
    records.push({ kind, name, mediaType, size: bytes.length, sha256: digest });
  }
  await ports.table.transact([evidenceWrite(buildId, records)]);
}

/** Stores what a boot test showed, and makes it the build's. */
export async function storeBootTest(
  ports: Ports,
  tenantId: string,
  buildId: string,
  test: { readonly step: string; readonly passed: boolean; readonly log: string },
): Promise<void> {
  const [bytes, digest] = [utf8(test.log), sha256(test.log)];
  await ports.blobs.put(artifactPlace(tenantId, digest), bytes, { contentType: 'application/octet-stream' });
  const log = { size: bytes.length, sha256: digest };
  await ports.table.transact([testWrite(buildId, { step: test.step, passed: test.passed, log, facts: {} })]);
}

/** Moves a build to a state, whatever it was: what its life would do in minutes. */
export async function forceState(
  ports: Ports,
  buildId: string,
  state: BuildState,
  extra: {
    readonly failure?: {
      readonly code: string;
      readonly reason: string;
      readonly logTail: string[];
      readonly step?: string;
      readonly exitCode?: number;
    };
    readonly tested?: true;
  } = {},
): Promise<void> {
  const found = await findBuild(ports.table, buildId);
  if (found === undefined) throw new Error(`no build ${buildId}`);
  await ports.table.transact([buildWrite({ ...found.value, ...extra, state }, found.version)]);
}
