import { beforeEach, describe, expect, it, vi } from 'vitest';
import { authenticate } from '../../../core/access/authenticate.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { planPreviewSchema } from '../../../core/plan/preview.ts';
import { togetherUntil } from '../../../core/plugins/submitted.ts';
import { previewPolicy } from '../../../functions/api/builds/preview-policy.ts';
import { plannedSpec } from '../../../functions/api/specs/checked-spec.ts';
import { archive } from '../../core/plan/plan-fixtures.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { pluginsUnder } from './plugins-under-test.ts';

const decides = (text: string) => `export function planPolicy({ plan, cost, context }) { return ${text}; }`;

/** What plugins say of a plan that is looked at. */
export function describePluginPreviews(api: () => ApiUnderTest): void {
  describe('plugins and previews', () => {
    const { there, send, put, refusal } = pluginsUnder(api);
    let tenant: TenantUnderTest;
    beforeEach(async () => {
      tenant = await api().tenant('previews');
    });
    const enabled = async (name: string, text: string, given: object = {}) => {
      await put(name, { hooks: ['planPolicy'], ...given }, decides(text), tenant.keys.admin);
      await send('POST', `/plugins/${name}:enable`, {}, tenant.keys.admin);
    };
    const ask = (key = tenant.keys.builder, url = there().running.url) =>
      send('POST', '/builds:plan', exampleSpec, key, url);
    const preview = async (key?: string) => {
      const answer = await ask(key);
      expect([answer.status, answer.text.slice(0, 100)]).toEqual([200, expect.any(String)]);
      return planPreviewSchema.parse(answer.json());
    };

    it('say nothing where none judges plans', async () => {
      await put('specs', {}, undefined, tenant.keys.admin);
      await send('POST', '/plugins/specs:enable', {}, tenant.keys.admin);
      expect((await preview()).policy).toBeUndefined();
    });

    it.each([
      ['allow it', [['a', '{ decision: "allow", reason: "fine" }']], 'allow', []],
      [
        'refuse it',
        [
          ['a', '{ decision: "deny", reason: "no " + plan.artifacts[0].type }'],
          ['b', '{ decision: "require-approval", reason: "dear" }'],
        ],
        'deny',
        [{ plugin: 'a', version: 1, reason: 'no iso' }],
      ],
      [
        'have it wait',
        [
          ['a', '{ decision: "allow" }'],
          ['b', '{ decision: "require-approval", reason: cost.micros > 0 ? "dear" : "free" }'],
        ],
        'require-approval',
        [{ plugin: 'b', version: 1, reason: 'dear' }],
      ],
      [
        'refuse it by failing',
        [['a', 'nothing.of']],
        'deny',
        [{ plugin: 'a', version: 1, failed: true, reason: expect.stringContaining('(plugin.threw)') }],
      ],
    ] as const)('%s, and the plan is shown all the same', async (_name, plugins, decision, because) => {
      const plain = await preview();
      for (const [name, text] of plugins) await enabled(name, text);
      const writes = vi.spyOn(api().ports.table, 'transact');
      try {
        const shown = await preview();
        expect(shown.policy).toEqual({ decision, because });
        expect({ ...shown, policy: undefined }).toEqual({ ...plain, policy: undefined });
        expect(writes).not.toHaveBeenCalled();
      } finally {
        writes.mockRestore();
      }
    });

    it('that fail and are fail-open are a warning', async () => {
      await enabled('open', '1', { onFailure: 'fail-open' });
      const { policy, warnings } = await preview();
      expect(policy).toEqual({ decision: 'allow', because: [] });
      expect(warnings).toMatchObject([{ code: 'plugin.failed', message: expect.stringContaining('planPolicy of') }]);
    });

    it('are told who looks, and of no build', async () => {
      await enabled('told', '{ decision: "deny", reason: JSON.stringify(Object.keys(context).sort()) }');
      expect((await preview()).policy?.because).toMatchObject([{ reason: '["memberId","tenantId"]' }]);
      expect((await preview(there().other.keys.builder)).policy).toBeUndefined();
    });

    it('are never passed over where nothing runs them', async () => {
      await enabled('strict', '{ decision: "allow" }');
      expect(refusal(await ask(undefined, api().url))).toEqual([409, 'plugin.unsupported']);
    });

    it('that have no time left decide nothing, which is a warning and no word of theirs', async () => {
      await enabled('late', 'Array.from({ length: 9e9 })');
      const { ports } = there().running;
      const authorization = `Bearer ${tenant.keys.builder}`;
      const principal = await authenticate(ports, { authorization, sourceAddress: undefined, requestId: 'req_1' });
      const { signal } = new AbortController();
      const given = await plannedSpec(ports, principal, exampleSpec, { signal });
      expect(given.asked.until).toBeLessThanOrEqual(togetherUntil(ports));
      const asked = { ...given.asked, until: ports.clock.now().getTime() + 1 };
      const plan = makePlan({ spec: given.spec, archive, toolchain: ports.installation.toolchain });
      const judged = await previewPolicy(ports, { ...given, asked }, plan, await preview());
      expect(judged).toMatchObject({ decided: {}, warnings: [{ code: 'plugin.time_exceeded' }] });
    });
  });
}
