import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { buildKey, verificationKey } from '../builds/keys.ts';
import { artifactTypes } from '../builds/manifest.ts';
import { findPlan } from '../builds/plan-store.ts';
import { storedSpec } from '../builds/resume.ts';
import type { Submission } from '../builds/submit-build.ts';
import { fileChangeSchema } from '../diff/file-page.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Plan } from '../plan/plan.ts';
import { programs } from '../plan/programs/catalogue.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table, TableWrite } from '../ports/table.ts';
import { teamOf } from '../teams/team-repository.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What a verification found, as it is stored and shown: written once its build has done all steps. */
export const verificationRecordSchema = z
  .strictObject({
    build: z.string().describe('The build that made everything again.'),
    at: z.iso.datetime(),
    verdict: z
      .enum(['identical', 'different'])
      .describe('identical: every artifact, and every layer that could be compared, is the same byte for byte.'),
    artifacts: z.array(
      z.strictObject({
        step: z.string(),
        type: z.enum(artifactTypes),
        same: z.boolean(),
        before: digest.optional().describe('SHA-256 of what the build made.'),
        after: digest.optional().describe('SHA-256 of what the verification made.'),
      }),
    ),
    layers: z
      .array(z.strictObject({ step: z.string(), same: z.boolean() }))
      .describe('The layers, lowest first; none where those of the build are not known.'),
    first: z
      .strictObject({
        step: z.string(),
        count: z.number().int().describe('Paths in which its two layers differ.'),
        files: z.array(fileChangeSchema).describe('The first of them; times count here.'),
      })
      .optional()
      .describe('The first step whose layer differs. What differs above it may follow from that.'),
    incomplete: z
      .strictObject({ code: z.string(), detail: z.string() })
      .optional()
      .describe('Why layers, or the paths of the first one that differs, could not be compared.'),
  })
  .meta({ id: 'Verification' });
export type VerificationRecord = z.infer<typeof verificationRecordSchema>;

/** A verification that is concluded twice is written twice, and says the same. */
export function verificationWrite(verifiedId: string, record: VerificationRecord): TableWrite {
  return { kind: 'put', key: verificationKey(verifiedId, record.build), data: toJsonObject(record) };
}

/** Verifications of a build that have come to a verdict, the latest first, at most that many. */
export async function listVerifications(table: Table, buildId: string, limit: number): Promise<VerificationRecord[]> {
  const { partition } = buildKey(buildId);
  const sortPrefix = verificationKey(buildId, '').sort;
  const page = await table.query({ partition, sortPrefix, descending: true, limit });
  return page.records.map((record) => verificationRecordSchema.parse(record.data));
}

/**
 * A new build that makes all that a build made once more, by the very plan of it and with nothing from the cache, to be
 * compared with it.
 * @throws EngineError build.not_succeeded, verify.no_image, build.not_planned, verify.toolchain_changed
 */
export async function verificationOf(
  ports: { readonly table: Table; readonly blobs: Blobs },
  build: BuildRecord,
  by: { readonly keyId: string; readonly toolchain: string; readonly idempotencyKey?: string },
): Promise<Submission> {
  if (build.purpose !== undefined) {
    const what = build.verifies === undefined ? 'only makes ahead what others share' : `verifies ${build.verifies}`;
    throw new EngineError('verify.no_image', `The build ${build.id} ${what}.`);
  }
  if (build.state !== 'succeeded') {
    throw new EngineError('build.not_succeeded', `The build ${build.id} is ${build.state}.`);
  }
  const plan = await findPlan(ports.blobs, build.id);
  if (plan === undefined) throw new EngineError('build.not_planned', `The build ${build.id} has no plan.`);
  needSameTools(plan, by.toolchain);
  return {
    tenantId: build.tenantId,
    keyId: by.keyId,
    spec: await storedSpec(ports.table, build.id),
    run: { purpose: 'verify', verifies: build.id, ...(await teamOf(ports.table, build)) },
    ...(by.idempotencyKey === undefined ? {} : { idempotencyKey: by.idempotencyKey }),
  };
}

/** @throws EngineError verify.toolchain_changed where other tools than the plan's would do the steps */
function needSameTools(plan: Plan, toolchain: string): void {
  if (plan.toolchain !== toolchain) {
    throw new EngineError(
      'verify.toolchain_changed',
      `The build was made with the toolchain ${plan.toolchain}; builders have ${toolchain}.`,
    );
  }
  const versions = new Map<string, number>(
    Object.values(programs).map(({ name, version }) => [name, version] as const),
  );
  for (const { id, program, version } of plan.steps) {
    const now = versions.get(program);
    if (now === version) continue;
    const other = now === undefined ? 'none' : `version ${now}`;
    throw new EngineError(
      'verify.toolchain_changed',
      `The step ${id} was done by version ${version} of the program ${program}; builders have ${other}.`,
    );
  }
}
