/**
 * configuration: writes the files of the typed sections of a spec and links their units; nothing of the tree is run.
 * Each section has a file below configuration/, which makes text of its options and touches nothing.
 *
 *   archives, ntp, firewall, sysctl, modules, ssh, cloudInit, updates   Each optional, of the spec's own schema.
 *   enable: [nftables.service]             Units of these sections; the planner adds the packages that hold them.
 *   disable: [systemd-timesyncd.service]   Units that need not exist.
 */
import { configuration as declaration } from '../../../core/plan/programs/configuration.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { foreignPreferences } from './apt/foreign-archives.ts';
import { archivesFiles } from './configuration/archives.ts';
import { cloudInitFiles } from './configuration/cloud-init.ts';
import type { ConfigurationFile } from './configuration/configuration-file.ts';
import { firewallFiles } from './configuration/firewall.ts';
import { kernelModuleFiles } from './configuration/kernel-modules.ts';
import { ntpFiles } from './configuration/ntp.ts';
import { sshFiles } from './configuration/ssh.ts';
import { sysctlFiles } from './configuration/sysctl.ts';
import { updatesFiles } from './configuration/updates.ts';
import { writeTreeFile } from './tree/tree-file.ts';
import { hasUnit, linkUnits, needPlainUnitFolders } from './tree/units.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

function filesOf({
  options,
  archive,
  distribution,
}: Pick<Context, 'options' | 'archive' | 'distribution'>): ConfigurationFile[] {
  const { archives, ntp, firewall, sysctl, modules, ssh, cloudInit, updates } = options;
  return [
    ...(archives === undefined ? [] : archivesFiles(archives, foreignPreferences(archives, archive.suites))),
    ...(ntp === undefined ? [] : ntpFiles(ntp)),
    ...(firewall === undefined ? [] : firewallFiles(firewall)),
    ...(sysctl === undefined ? [] : sysctlFiles(sysctl)),
    ...(modules === undefined ? [] : kernelModuleFiles(modules)),
    ...(ssh === undefined ? [] : sshFiles(ssh)),
    ...(cloudInit === undefined ? [] : cloudInitFiles(cloudInit)),
    ...(updates === undefined ? [] : updatesFiles(updates, distribution)),
  ];
}

async function run(context: Context): Promise<ProgramOutcome> {
  const { enable, disable } = context.options;
  const files = filesOf(context);
  for (const { path, content, mode } of files) await writeTreeFile(context, path, content, { mode });
  if (enable.length + disable.length > 0) {
    await needPlainUnitFolders(context);
    for (const unit of enable) {
      if (!(await hasUnit(context, unit))) {
        throw new StepError('step.failed', `the image has no unit ${unit}, which its configuration needs`);
      }
    }
    await linkUnits(context, 'enable', enable);
    const present: string[] = [];
    for (const unit of disable) if (await hasUnit(context, unit)) present.push(unit);
    await linkUnits(context, 'disable', present);
  }
  return { facts: { files: String(files.length) } };
}

export const configuration: StepProgram<typeof declaration.options> = { declaration, run };
