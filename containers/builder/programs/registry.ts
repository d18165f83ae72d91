import type { ProgramName } from '../../../core/plan/programs/catalogue.ts';
import type { StepProgram } from '../contract.ts';
import { bootTest } from './boot-test.ts';
import { bootstrap } from './bootstrap.ts';
import { certificates } from './certificates.ts';
import { configuration } from './configuration.ts';
import { docker } from './docker.ts';
import { files } from './files.ts';
import { firstBoot } from './first-boot.ts';
import { groups } from './groups.ts';
import { initramfs } from './initramfs.ts';
import { inspect } from './inspect.ts';
import { iso } from './iso.ts';
import { module } from './module.ts';
import { netboot } from './netboot.ts';
import { oci } from './oci.ts';
import { ova } from './ova.ts';
import { byPackageManager } from './package-managers.ts';
import { packages } from './packages.ts';
import { qcow2 } from './qcow2.ts';
import { raw } from './raw.ts';
import { remediate } from './remediate.ts';
import { script } from './script.ts';
import { services } from './services.ts';
import { specFile } from './spec-file.ts';
import { system } from './system.ts';
import { tar } from './tar.ts';
import { users } from './users.ts';
import { vhd } from './vhd.ts';
import { vhdx } from './vhdx.ts';
import { vmdk } from './vmdk.ts';
import { wsl } from './wsl.ts';

/** Every step program, by the name that a manifest calls it by. */
export const stepPrograms: Readonly<Record<ProgramName, StepProgram>> = {
  bootstrap: byPackageManager({ apt: bootstrap }),
  packages: byPackageManager({ apt: packages }),
  system,
  certificates,
  groups,
  users,
  configuration,
  files,
  services,
  'first-boot': firstBoot,
  script,
  remediate,
  'spec-file': specFile,
  initramfs,
  module,
  iso,
  raw,
  tar,
  oci,
  docker,
  qcow2,
  vmdk,
  vhd,
  vhdx,
  ova,
  netboot,
  wsl,
  'boot-test': bootTest,
  inspect,
};
