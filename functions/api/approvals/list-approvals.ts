import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import { type Reach, reaches } from '../../../core/access/reach.ts';
import { openCase } from '../../../core/approvals/case.ts';
import { type RequestRecord, requestStates } from '../../../core/approvals/request.ts';
import { listRequests } from '../../../core/approvals/requests.ts';
import { approvalView, approvalViewSchema } from '../../../core/approvals/views.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery } from '../../shared/paging.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';

/** Pages that one call reads at most while it looks for what is asked for; the cursor goes on from there. */
const maxPages = 10;

type View = z.input<typeof approvalViewSchema>;

export const listApprovals = defineOperation({
  id: 'listApprovals',
  method: 'GET',
  path: '/v1/approvals',
  summary: 'Requests for approval of builds, the newest first',
  access: { kind: 'permission', permission: 'approvals:read', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    state: z.enum(requestStates).optional().describe('Only requests in this state.'),
    mine: z
      .enum(['true', 'false'])
      .optional()
      .describe('true: only those that wait for the caller, who may decide them and has not approved them yet.'),
  }),
  body: undefined,
  response: z.strictObject({ approvals: z.array(approvalViewSchema), cursor: nextCursor }).meta({ id: 'ApprovalList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query, context }) {
    const viewer = principalOf(context);
    const reach = reachOf(context);
    const { tenantId, memberId } = viewer;
    const mine = query.mine === 'true';
    const state = mine ? (query.state ?? 'pending') : query.state;
    const secret = ports.installation.cursorSecret;
    const scope = ['listApprovals', tenantId, state ?? '', mine ? memberId : '', scopeOf(reach)];
    let cursor = query.cursor === undefined ? undefined : openCursor(secret, scope, query.cursor);
    const approvals: View[] = [];
    for (let page = 0; page < maxPages; page += 1) {
      const at = { limit: query.limit - approvals.length, ...(cursor === undefined ? {} : { cursor }) };
      const found = await listRequests(ports.table, tenantId, at, state);
      const views = await viewsOf(ports, reach, found.requests, viewer);
      approvals.push(...views.filter(({ you }) => !mine || (you.mayDecide && !you.approved)));
      cursor = found.cursor;
      if (cursor === undefined || approvals.length >= query.limit) break;
    }
    return { body: { approvals, ...(cursor === undefined ? {} : { cursor: sealCursor(secret, scope, cursor) }) } };
  },
});

/** Of whoever sees some teams alone a page is what is left of one: the cursor goes on from there. */
const viewsOf = (ports: Ports, reach: Reach, requests: readonly RequestRecord[], viewer: Principal): Promise<View[]> =>
  Promise.all(
    requests
      .filter(({ tenantId, facts }) => reaches(reach, { tenantId, teamId: facts.teamId }))
      .map(async ({ id }) => approvalView(await openCase(ports, reach, id, [viewer.memberId]), viewer)),
  );

const scopeOf = ({ teams }: Reach): string => (teams === 'all' ? '' : [...teams].sort().join());
