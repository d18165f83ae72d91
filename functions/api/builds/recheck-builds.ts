import { z } from 'zod';
import { listBuildsWithin } from '../../../core/builds/build-lists.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { complianceStates } from '../../../core/compliance/report.ts';
import { EngineError } from '../../../core/errors.ts';
import { checkChangeSchema } from '../../../core/scans/check-changes.ts';
import { type RecheckPorts, recheckCompliance } from '../../../core/scans/compliance-scans.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';

/** Builds that are judged at the same time: each reads an inspection of up to some MB. */
const atOnce = 4;

const recheckedSchema = z
  .strictObject({
    build: z.string(),
    name: z.string().describe('Name of its spec.'),
    submittedAt: z.iso.datetime(),
    was: z.enum(complianceStates).describe('What it was when it was built.'),
    now: z.enum(complianceStates).optional().describe('What it is today; absent: it could not be judged.'),
    enforced: z
      .boolean()
      .optional()
      .describe('Its spec enforces its profiles; so it would fail where it is not let through.'),
    changes: z.array(checkChangeSchema).describe('Checks that came to another result than in the scan before.'),
    problem: z
      .strictObject({ code: z.string(), detail: z.string() })
      .optional()
      .describe('Why it could not be judged.'),
  })
  .meta({ id: 'RecheckedBuild' });
type Rechecked = z.infer<typeof recheckedSchema>;

/** Judges stored builds by the checks, members and day of today, a page of them with each call. */
export const recheckBuilds = defineOperation({
  id: 'recheckBuilds',
  method: 'POST',
  path: '/v1/builds:recheck',
  summary: 'Which stored builds would fail their compliance profiles today; nothing is built',
  access: { kind: 'permission', permission: 'compliance:recheck', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({
    limit: wholeNumberOr(20, 1, 50).describe(
      'Builds that are looked at with a call; those without profiles are left out.',
    ),
    cursor: z.string().max(4_096).optional().describe('As the call before gave it.'),
  }),
  body: undefined,
  response: z
    .strictObject({
      builds: z.array(recheckedSchema),
      cursor: z.string().exactOptional().describe('There where more builds may follow, even if none are told here.'),
    })
    .meta({ id: 'RecheckPage' }),
  status: 200,
  errors: ['cursor.invalid'],
  repeatable: true,
  async handle(ports, { query, context }) {
    const reach = reachOf(context);
    const secret = ports.installation.cursorSecret;
    const scope = ['recheckBuilds', reach.tenantId];
    const cursor = query.cursor === undefined ? undefined : openCursor(secret, scope, query.cursor);
    const found = await listBuildsWithin(ports.table, reach, {
      limit: query.limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const judged = found.builds.filter(({ compliance, endedAt }) => compliance !== undefined && endedAt !== undefined);
    const builds: Rechecked[] = [];
    for (let at = 0; at < judged.length; at += atOnce) {
      builds.push(...(await Promise.all(judged.slice(at, at + atOnce).map((build) => recheck(ports, build)))));
    }
    return {
      body: {
        builds,
        ...(found.cursor === undefined ? {} : { cursor: sealCursor(secret, scope, found.cursor) }),
      },
    };
  },
});

async function recheck(ports: RecheckPorts, build: BuildRecord): Promise<Rechecked> {
  const { id, name, submittedAt, compliance } = build;
  if (compliance === undefined) throw new TypeError(`the build ${id} was never judged`);
  const told = { build: id, name, submittedAt, was: compliance.state };
  try {
    const { scan, changes, enforced } = await recheckCompliance(ports, build);
    return { ...told, now: scan.state, enforced, changes: [...changes] };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (!error.code.startsWith('compliance.') && error.code !== 'artifact.purged') throw error;
    return { ...told, changes: [], problem: { code: error.code, detail: error.message } };
  }
}
