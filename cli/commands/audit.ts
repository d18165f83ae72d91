import { Command } from 'commander';
import { z } from 'zod';
import { printable } from '../../core/builds/printable.ts';
import { canonicalJson } from '../../core/digest.ts';
import type { AuditFilter } from '../../sdk/audit.ts';
import type { AuditEntry, AuditTail } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { setExit } from '../exit.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild audit …`: who did what, and that the log of it is whole. */
export function auditCommand(output: Output): Command {
  return new Command('audit')
    .description('who did what, and what was refused to whom')
    .addCommand(listCommand(output))
    .addCommand(exportCommand(output))
    .addCommand(verifyCommand(output));
}

const filterSchema = z.object({
  action: z.string().optional(),
  member: z.string().optional(),
  target: z.string().optional(),
});
const listOptionsSchema = connectionOptionsSchema.extend({
  ...filterSchema.shape,
  limit: z.coerce.number().int().min(1).default(50),
});

function filtered(command: Command): Command {
  return command
    .option('--action <action>', 'only this, such as member.added')
    .option('--member <id>', 'only what this member did or was refused')
    .option('--target <id>', 'only what was done to this');
}

function filterOf({ action, member, target }: z.infer<typeof filterSchema>): AuditFilter {
  return {
    // The engine says which of these there are not.
    ...(action === undefined ? {} : { action: action as NonNullable<AuditFilter['action']> }),
    ...(member === undefined ? {} : { memberId: member }),
    ...(target === undefined ? {} : { target }),
  };
}

function listCommand(output: Output): Command {
  return filtered(engineCommand('list'))
    .description('show the log, the newest first; what is not sealed yet is marked')
    .option('--limit <number>', 'entries (else 50)')
    .action(async (given: unknown) => {
      const { limit, ...options } = listOptionsSchema.parse(given);
      const engine = connect(options);
      const filter = filterOf(options);
      const { unsealed } = await engine.audit.readTail();
      const fits = ({ action, actor, target }: AuditTail['unsealed'][number]): boolean =>
        (filter.action ?? action) === action &&
        (filter.memberId ?? actor?.memberId) === actor?.memberId &&
        (filter.target ?? target) === target;
      const waiting = unsealed.filter(fits).reverse().slice(0, limit);
      const entries: AuditEntry[] = [];
      if (waiting.length < limit) {
        for await (const entry of engine.audit.list(filter)) {
          entries.push(entry);
          if (waiting.length + entries.length >= limit) break;
        }
      }
      if (options.json) {
        output.document({ unsealed: waiting, entries });
        return;
      }
      for (const entry of waiting) output.line(`${entryLine(entry)}  (not sealed yet)`);
      for (const { entry } of entries) output.line(entryLine(entry));
    });
}

function entryLine({ at, action, actor, target, detail }: AuditEntry['entry']): string {
  const who = actor?.memberId ?? 'the engine';
  const more = detail === undefined || Object.keys(detail).length === 0 ? '' : `  ${canonicalJson(detail)}`;
  return printable(`${at?.slice(0, 19)}Z  ${who}  ${action}  ${target}${more}`);
}

const exportOptionsSchema = connectionOptionsSchema.extend(filterSchema.shape);

function exportCommand(output: Output): Command {
  return filtered(engineCommand('export'))
    .description('print all sealed entries with their hashes, one JSON document a line, the oldest first')
    .action(async (given: unknown) => {
      const options = exportOptionsSchema.parse(given);
      for await (const entry of connect(options).audit.list({ ...filterOf(options), order: 'oldest' })) {
        output.line(JSON.stringify(entry));
      }
    });
}

const verifyOptionsSchema = connectionOptionsSchema.extend({
  key: z.string().optional(),
  export: z.array(z.string()).optional(),
});

function verifyCommand(output: Output): Command {
  return engineCommand('verify')
    .description('check that the log is what was sealed, and that its heads are those that were signed')
    .option('--key <file>', 'the public key that you trust, in PEM (else what the engine tells)')
    .option('--export <file...>', 'check files of the daily export instead, without an engine; needs --key')
    .action(async (given: unknown) => {
      const options = verifyOptionsSchema.parse(given);
      if (options.export !== undefined) {
        await verifyExports(output, options.export, options);
        return;
      }
      const { checkWholeAudit } = await import('../audit-check.ts');
      const { report, tail, entries } = await checkWholeAudit(connect(options), {
        keyFile: options.key,
        now: new Date(),
      });
      const { flaw, anchors, anchoredSequence } = report;
      const unsealed = tail.unsealed.map(({ entryId }) => entryId);
      if (options.json)
        output.document({
          verified: flaw === undefined,
          entries,
          anchors,
          anchoredSequence,
          unsealed,
          ...(flaw === undefined ? {} : { flaw }),
        });
      else if (flaw === undefined) {
        output.line(`verified  ${entries} entries, up to number ${anchoredSequence} by ${anchors} signed heads`);
        if (unsealed.length > 0) output.line(`not sealed yet  ${unsealed.length}: ${unsealed.join(', ')}`);
      } else
        output.line(
          printable(`NOT VERIFIED  number ${flaw.sequence}, ${flaw.entryId ?? 'without an id'}: ${flaw.reason}`),
        );
      if (flaw !== undefined) setExit('unverified');
    });
}

/** Checks files of the daily export by themselves and a key of one's own. */
async function verifyExports(
  output: Output,
  files: readonly string[],
  { key, json }: { readonly key?: string | undefined; readonly json?: boolean | undefined },
): Promise<void> {
  const { checkExportFiles } = await import('../audit-check.ts');
  const { flaw, ...report } = await checkExportFiles(files, key, new Date());
  const { tenantId, first, last, signedAt } = report;
  if (json === true) {
    output.document({ verified: flaw === undefined, ...report, ...(flaw === undefined ? {} : { flaw }) });
  } else if (flaw === undefined) {
    output.line(`verified  entries ${first} to ${last} of ${tenantId}, whose head was signed at ${signedAt}`);
    if (first > 1) output.line(`entries before number ${first} are in none of these files`);
  } else {
    output.line(printable(`NOT VERIFIED  number ${flaw.sequence}, ${flaw.entryId ?? 'without an id'}: ${flaw.reason}`));
  }
  if (flaw !== undefined) setExit('unverified');
}
