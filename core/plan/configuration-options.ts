import { imageArchives } from '../spec/configuration/archives.ts';
import { certificateFiles } from '../spec/configuration/certificates.ts';
import { type Section, sectionsOf } from '../spec/configuration/sections.ts';
import type { ResolvedSpec } from '../spec/schema.ts';

/** Options of the steps of typed configuration; each is absent where there is nothing to do. */
export interface ConfigurationOptions {
  /** Of the step before the initial RAM file system is made: the one section that this reads. */
  readonly kernelModules: object | undefined;
  readonly certificates: object | undefined;
  readonly configuration: object | undefined;
}

const units = (sections: readonly Section[]) => ({
  enable: sections.flatMap(({ enable }) => enable).sort(),
  disable: sections.flatMap(({ disable }) => disable).sort(),
});

/** The options of the steps that the typed sections of a spec become. */
export function configurationOptions(spec: ResolvedSpec): ConfigurationOptions {
  const modules = spec.kernel.modules;
  const setsModules = modules !== undefined && modules.load.length + modules.block.length > 0;
  const certificates = certificateFiles(spec.certificates ?? []);
  const archives = imageArchives(spec.archives);
  const written = {
    archives: archives.length > 0 ? archives : undefined,
    ntp: spec.system.ntp,
    firewall: spec.firewall,
    sysctl: spec.sysctl,
    ssh: spec.ssh,
    cloudInit: spec.cloudInit,
    updates: spec.updates,
  };
  const writes = Object.values(written).some((section) => section !== undefined);
  return {
    kernelModules: setsModules ? { modules, ...units([]) } : undefined,
    certificates: certificates.length > 0 ? { certificates } : undefined,
    configuration: writes ? { ...written, ...units(sectionsOf(spec)) } : undefined,
  };
}
