import { Command } from 'commander';
import { z } from 'zod';
import type { ApiKey, CreateKeyData, MadeApiKey } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild keys …`: API keys, one's own and those of others. */
export function keysCommand(output: Output): Command {
  return new Command('keys')
    .description('API keys: one’s own, and with keys:read and keys:write those of others')
    .addCommand(createCommand(output))
    .addCommand(listCommand(output))
    .addCommand(rotateCommand(output))
    .addCommand(revokeCommand(output));
}

const createOptionsSchema = connectionOptionsSchema.extend({
  member: z.string().optional(),
  scope: z.array(z.string()).optional(),
  from: z.array(z.string()).optional(),
  expires: z.string().optional(),
});

function createCommand(output: Output): Command {
  return engineCommand('create')
    .description('make a key and print it; it is shown once')
    .argument('<name>', 'what it is for')
    .option('--member <id>', 'whose it is (else one’s own)')
    .option('--scope <permission...>', 'all that it may do (else all that its member may)')
    .option('--from <network...>', 'addresses or networks that it may be used from (else everywhere)')
    .option('--expires <time>', 'when it ends, as 2027-01-31T00:00:00Z (else when it is revoked)')
    .action(async (name: string, given: unknown) => {
      const { member, scope, from, expires, ...options } = createOptionsSchema.parse(given);
      const made = await connect(options).keys.create({
        name,
        ...(member === undefined ? {} : { memberId: member }),
        // The engine says which of these there are not.
        ...(scope === undefined ? {} : { scopes: scope as NonNullable<CreateKeyData['body']['scopes']> }),
        ...(from === undefined ? {} : { addressRanges: from }),
        ...(expires === undefined ? {} : { expiresAt: expires }),
      });
      showMade(output, made, options.json);
    });
}

function showMade(output: Output, made: MadeApiKey, json: boolean): void {
  if (json) {
    output.document(made);
    return;
  }
  output.line(made.text ?? '');
  output.note(`${made.key.keyId}, of ${made.key.memberId}. It is shown once and stored nowhere: keep it now.`);
}

const listOptionsSchema = connectionOptionsSchema.extend({ member: z.string().optional() });

function listCommand(output: Output): Command {
  return engineCommand('list')
    .description('list keys: whose, how they stand, when they were used last')
    .option('--member <id>', 'only keys of this member')
    .action(async (given: unknown) => {
      const { member, ...options } = listOptionsSchema.parse(given);
      const keys = await connect(options)
        .keys.list(member === undefined ? {} : { memberId: member })
        .all();
      if (options.json) output.document({ keys });
      else for (const key of keys) output.line(keyLine(key));
    });
}

function keyLine({ keyId, memberId, name, state, expiresAt, lastUsedAt, lastUsedFrom }: ApiKey): string {
  const used =
    lastUsedAt === undefined
      ? 'never used'
      : `used ${lastUsedAt.slice(0, 16)}Z${lastUsedFrom === undefined ? '' : ` from ${lastUsedFrom}`}`;
  const ends = state === 'live' && expiresAt !== undefined ? ` until ${expiresAt.slice(0, 16)}Z` : '';
  return `${keyId}  ${memberId}  ${state}${ends}  ${used}  ${name}`;
}

const rotateOptionsSchema = connectionOptionsSchema.extend({ overlap: z.coerce.number().int().min(0).optional() });

function rotateCommand(output: Output): Command {
  return engineCommand('rotate')
    .description('make the key that follows another, which lives on for a while, and print it')
    .argument('<key>', 'id, as `list` shows it')
    .option('--overlap <seconds>', 'how long the old key lives on (else a week)')
    .action(async (keyId: string, given: unknown) => {
      const { overlap, ...options } = rotateOptionsSchema.parse(given);
      showMade(output, await connect(options).keys.rotate(keyId, overlap), options.json);
    });
}

function revokeCommand(output: Output): Command {
  return engineCommand('revoke')
    .description('end a key at once')
    .argument('<key>', 'id, as `list` shows it')
    .action(async (keyId: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).keys.revoke(keyId);
      if (options.json) output.document({ keyId, revoked: true });
      else output.line(`${keyId} revoked`);
    });
}
