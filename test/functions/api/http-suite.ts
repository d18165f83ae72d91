import { afterAll, beforeAll, describe } from 'vitest';
import type { Table } from '../../../core/ports/table.ts';
import { type ApiUnderTest, openApi } from './api-under-test.ts';
import { describeAccess } from './suite-access.ts';
import { describeAgain } from './suite-again.ts';
import { describeApprovalGates } from './suite-approval-gates.ts';
import { describeApprovalPolicies } from './suite-approval-policies.ts';
import { describeApprovals } from './suite-approvals.ts';
import { describeArtifacts } from './suite-artifacts.ts';
import { describeAudit } from './suite-audit.ts';
import { describeBilling } from './suite-billing.ts';
import { describeBuilds } from './suite-builds.ts';
import { describeCache } from './suite-cache.ts';
import { describeCapabilities } from './suite-capabilities.ts';
import { describeDeadLetters } from './suite-dead-letters.ts';
import { describeDiff } from './suite-diff.ts';
import { describeExchange } from './suite-exchange.ts';
import { describeKeys } from './suite-keys.ts';
import { describeLocks } from './suite-locks.ts';
import { describeLogs } from './suite-logs.ts';
import { describeMaintenance } from './suite-maintenance.ts';
import { describeMembers } from './suite-members.ts';
import { describePlans } from './suite-plans.ts';
import { describeQueue } from './suite-queue.ts';
import { describeQuotas } from './suite-quotas.ts';
import { describeRequests } from './suite-requests.ts';
import { describeSecrets } from './suite-secrets.ts';
import { describeTeamBuilds } from './suite-team-builds.ts';
import { describeTeams } from './suite-teams.ts';
import { describeTemplateContents } from './suite-template-contents.ts';
import { describeTemplateUses } from './suite-template-uses.ts';
import { describeTemplates } from './suite-templates.ts';
import { describeUploadRemoval } from './suite-upload-removal.ts';
import { describeUploads } from './suite-uploads.ts';
import { describeUsage } from './suite-usage.ts';
import { describeVerify } from './suite-verify.ts';

/** The API over HTTP, the same whatever table it stands on. `openTable` is called once. */
export function httpSuite(name: string, openTable: () => Promise<{ table: Table; close(): Promise<void> }>): void {
  describe(`the HTTP API over ${name}`, () => {
    let table: Awaited<ReturnType<typeof openTable>> | undefined;
    let api: ApiUnderTest | undefined;
    const opened = (): ApiUnderTest => {
      if (api === undefined) throw new Error('the API is not open');
      return api;
    };
    beforeAll(async () => {
      table = await openTable();
      api = await openApi(table.table);
    });
    afterAll(async () => {
      await api?.close();
      await table?.close();
    });
    describeRequests(opened);
    describeAccess(opened);
    describeMembers(opened);
    describeKeys(opened);
    describeAudit(opened);
    describeQuotas(opened);
    describeBuilds(opened);
    describeUsage(opened);
    describeBilling(opened);
    describeQueue(opened);
    describeDeadLetters(opened);
    describeMaintenance(opened);
    describeCapabilities(opened);
    describePlans(opened);
    describeCache(opened);
    describeAgain(opened);
    describeLocks(opened);
    describeLogs(opened);
    describeArtifacts(opened);
    describeDiff(opened);
    describeVerify(opened);
    describeExchange(opened);
    describeApprovalPolicies(opened);
    describeApprovals(opened);
    describeApprovalGates(opened);
    describeSecrets(opened);
    describeTeams(opened);
    describeTeamBuilds(opened);
    describeTemplates(opened);
    describeTemplateContents(opened);
    describeTemplateUses(opened);
    describeUploads(opened);
    describeUploadRemoval(opened);
  });
}
