import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { type OwnerQuotas, usedOf } from './owner-quotas.ts';
import { type Period, periodOf } from './periods.ts';
import { type QuotaName, quotaKinds, quotaNames } from './tiers.ts';

/** Members that problem details of a used-up quota or budget have beside the usual ones. */
export const quotaProblemMembers = {
  quota: z.enum(quotaNames).exactOptional().describe('Of `quota.exceeded`: which one.'),
  of: z.enum(['tenant', 'team']).exactOptional().describe('Of `quota.exceeded` and `budget.exceeded`: whose.'),
  limit: z
    .number()
    .int()
    .exactOptional()
    .describe('The most that there may be; of `budget.exceeded` in micro-dollars.'),
  used: z.number().int().exactOptional().describe('What is used of it; of `budget.exceeded` in micro-dollars.'),
  requested: z.number().int().exactOptional().describe('Of `quota.exceeded`: what was asked for beside that.'),
  freesAt: z.string().exactOptional().describe('When what is used frees; absent: not with time.'),
};

/**
 * The error for what a quota has no room for; undefined where it has.
 * @param requested how much more is asked for
 */
export function exceeded(owner: OwnerQuotas, quota: QuotaName, requested: number, now: Date): EngineError | undefined {
  const limit = owner.limits[quota];
  if (limit === undefined) return undefined;
  const period = periodOf(quota, now, owner.anchorDay);
  const used = usedOf(owner, quota, period);
  if (used + requested <= limit) return undefined;
  return asError(owner, { quota, limit, used, requested, period }, now);
}

function asError(
  { kind }: OwnerQuotas,
  {
    quota,
    limit,
    used,
    requested,
    period,
  }: { quota: QuotaName; limit: number; used: number; requested: number; period: Period },
  now: Date,
): EngineError {
  const { what } = quotaKinds[quota];
  const { end } = period;
  const frees = end === undefined ? '' : ` It frees at ${end.toISOString()}.`;
  const detail = `The ${kind} has used ${used} of ${limit} ${what}, and this asks for ${requested} more.${frees}`;
  const extensions = { quota, of: kind, limit, used, requested };
  return new EngineError(
    'quota.exceeded',
    detail,
    end === undefined
      ? { status: 403, extensions }
      : {
          retryAfterSeconds: Math.ceil((end.getTime() - now.getTime()) / 1_000),
          extensions: { ...extensions, freesAt: end.toISOString() },
        },
  );
}
