import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { EngineError } from '../../core/errors.ts';
import { quotaNames, tierNames } from '../../core/quota/tiers.ts';
import type { Quotas, SetTenantQuotaData } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const limitHelp = `of ${quotaNames.join(', ')}; most or none`;

const limitsSchema = z.array(z.tuple([z.enum(quotaNames), z.number().nullable()])).optional();

const quotaOptionsSchema = connectionOptionsSchema.extend({
  team: z.string().optional(),
  limit: limitsSchema,
  reset: z.boolean().default(false),
});

/** `lbuild quota`: what there may be, what is used, when that frees; of a team also what it is given. */
export function quotaCommand(output: Output): Command {
  return engineCommand('quota')
    .description('quotas of the tenant or of a team: limit, use, and when it frees')
    .option('--team <teamId>', 'of this team, which the tenant’s own bound too')
    .option('--limit <quota=most...>', `with --team: set its limits, all of them, ${limitHelp}`, asLimit)
    .option('--reset', 'with --team: take back all limits')
    .action(async (given: unknown) => {
      const { team, limit, reset, ...options } = quotaOptionsSchema.parse(given);
      const client = connect(options);
      const sets = reset || limit !== undefined;
      if (team === undefined) {
        if (sets) throw new EngineError('request.invalid', '--limit and --reset are for a team: name one with --team.');
        show(output, await client.quotas.read(), options.json);
      } else if (sets) show(output, await client.quotas.setOfTeam(team, Object.fromEntries(limit ?? [])), options.json);
      else show(output, await client.quotas.readOfTeam(team), options.json);
    });
}

const settingOptionsSchema = connectionOptionsSchema.extend({
  tier: z.enum(tierNames).optional(),
  limit: limitsSchema,
  anchorDay: z.number().optional(),
  reset: z.boolean().default(false),
});

/** `lbuild tenants quota`: the operator's look at a tenant's quotas, and what it is given. */
export function tenantQuotaCommand(output: Output): Command {
  return engineCommand('quota')
    .description('show the quotas of a tenant, or set them: then all that is not named is as without')
    .argument('<tenantId>', 'as `list` shows it')
    .option('--tier <tier>', `plan tier: ${tierNames.join(', ')}`)
    .option('--limit <quota=most...>', `limit in place of the tier’s, ${limitHelp}`, asLimit)
    .option('--anchor-day <day>', 'day of the month on which its month begins, 1 to 31', Number)
    .option('--reset', 'take back all that was set')
    .action(async (tenantId: string, given: unknown) => {
      const { tier, limit, anchorDay, reset, ...options } = settingOptionsSchema.parse(given);
      const client = connect(options);
      const setting = {
        ...(tier === undefined ? {} : { tier }),
        ...(limit === undefined ? {} : { overrides: Object.fromEntries(limit) }),
        ...(anchorDay === undefined ? {} : { anchorDay }),
      } satisfies SetTenantQuotaData['body'];
      const sets = reset || Object.keys(setting).length > 0;
      const quotas = sets
        ? await client.quotas.setOfTenant(tenantId, setting)
        : await client.quotas.readOfTenant(tenantId);
      show(output, quotas, options.json);
    });
}

type Limit = [string, number | null];

/** `images=20`, `images=none`: one of several. */
function asLimit(text: string, before: Limit[] = []): Limit[] {
  const [, quota = '', most = ''] = /^([a-zA-Z]+)=(\d{1,15}|none)$/.exec(text) ?? [];
  if (!quotaNames.some((known) => known === quota)) {
    throw new InvalidArgumentError(`It is no quota with a number or none, such as ${quotaNames[0]}=20.`);
  }
  return [...before, [quota, most === 'none' ? null : Number(most)]];
}

function show(output: Output, quotas: Quotas, json: boolean): void {
  if (json) {
    output.document(quotas);
    return;
  }
  const { tier, anchorDay } = quotas;
  output.line(`${tier === undefined ? '' : `tier ${tier}; `}its month begins on day ${anchorDay}`);
  for (const { quota, unit, limit, used, freesAt } of quotas.quotas) {
    const most = limit === null ? 'no limit' : `of ${amount(limit, unit)}`;
    output.line(`${quota}  ${amount(used, unit)} ${most}${freesAt === undefined ? '' : `, frees ${freesAt}`}`);
  }
}

function amount(value: number, unit: Quotas['quotas'][number]['unit']): string {
  return unit === 'bytes' ? `${(value / 1024 ** 3).toFixed(1)} GiB` : String(value);
}
