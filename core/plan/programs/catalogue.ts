import { bootTest } from './boot-test.ts';
import { bootstrap, packages } from './bootstrap.ts';
import { certificates, configuration } from './configuration.ts';
import { files, groups, services, system, users } from './customise.ts';
import { ova, qcow2, vhd, vhdx, vmdk } from './disk-formats.ts';
import { iso, tar } from './export.ts';
import { firstBoot } from './first-boot.ts';
import { initramfs } from './initramfs.ts';
import { inspect } from './inspect.ts';
import { module } from './module.ts';
import { netboot } from './netboot.ts';
import { docker, oci } from './oci.ts';
import { raw } from './raw.ts';
import { remediate } from './remediate.ts';
import { script } from './script.ts';
import { specFile } from './spec-file.ts';
import { wsl } from './wsl.ts';

/** Every step program, by name. */
export const programs = {
  bootstrap,
  packages,
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
} as const;
export type ProgramName = keyof typeof programs;
