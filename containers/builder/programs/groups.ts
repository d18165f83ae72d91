/**
 * groups: adds groups by editing /etc/group and /etc/gshadow as data; nothing of the tree is run.
 *
 *   groups:
 *     - name: deploy      Required.
 *       gid: 1200         Optional: the lowest free number from 1000.
 *
 * A group that the tree already has (a package made it) is kept; asking for another number than it has is an error.
 * Explicit numbers are given out before free ones are looked for, so the order of the list changes no failure.
 */
import { groups as declaration } from '../../../core/plan/programs/customise.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import {
  freeId,
  idsOf,
  needAccountTable,
  needFieldText,
  readAccountTable,
  rowOf,
  writeAccountTable,
} from './tree/account-table.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const group = await needAccountTable(context, '/etc/group');
  const gshadow = await readAccountTable(context, '/etc/gshadow');
  const taken = idsOf(group);
  const fresh: { name: string; gid: number | undefined }[] = [];
  for (const [position, wanted] of context.options.groups.entries()) {
    const name = needFieldText(`groups[${position}].name`, wanted.name);
    const existing = rowOf(group, name);
    if (existing === undefined) {
      if (wanted.gid !== undefined) {
        if (taken.has(wanted.gid)) {
          throw new StepError('step.failed', `groups[${position}].gid: ${wanted.gid} is another group's number`);
        }
        taken.add(wanted.gid);
      }
      fresh.push({ name, gid: wanted.gid });
    } else if (wanted.gid !== undefined && existing[2] !== String(wanted.gid)) {
      throw new StepError(
        'step.failed',
        `groups[${position}].gid: ${name} exists in the image with number ${existing[2]}; leave gid out or give that`,
      );
    }
  }
  for (const { name, gid } of fresh) {
    const number = gid ?? freeId(taken);
    taken.add(number);
    group.rows.push([name, 'x', String(number), '']);
    gshadow?.rows.push([name, '!', '', '']);
  }
  await writeAccountTable(context, '/etc/group', group);
  if (gshadow !== undefined) await writeAccountTable(context, '/etc/gshadow', gshadow);
  return { facts: { groups: String(fresh.length) } };
}

export const groups: StepProgram<typeof declaration.options> = { declaration, run };
