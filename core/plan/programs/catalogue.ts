import { bootstrap, packages } from './bootstrap.ts';
import { files, groups, services, system, users } from './customise.ts';
import { iso, tar } from './export.ts';
import { initramfs } from './initramfs.ts';
import { module } from './module.ts';
import { netboot } from './netboot.ts';
import { docker, oci } from './oci.ts';
import { raw } from './raw.ts';
import { script } from './script.ts';
import { wsl } from './wsl.ts';

/** Every step program, by name. */
export const programs = {
  bootstrap,
  packages,
  system,
  groups,
  users,
  files,
  services,
  script,
  initramfs,
  module,
  iso,
  raw,
  tar,
  oci,
  docker,
  netboot,
  wsl,
} as const;
export type ProgramName = keyof typeof programs;
