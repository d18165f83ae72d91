import type { InstalledPackage } from '../evidence/installed-packages.ts';

/** A source package as it is in an image. */
export interface InstalledSource {
  readonly source: string;
  readonly version: string;
}

/**
 * Sources that only sign what another one has built, and that no advisory names: Debian's `linux-signed-amd64` and
 * Ubuntu's `linux-signed` have the kernel of `linux`, Ubuntu's `linux-signed-aws` that of `linux-aws`. Boot loaders
 * are signed likewise; what they are built from is installed beside them.
 */
function signedKernel(source: string): string | undefined {
  const signed = /^linux-signed(?:-([a-z0-9.+-]+))?$/.exec(source);
  if (signed === null) return undefined;
  const flavour = signed[1];
  return flavour === undefined || flavour === 'amd64' || flavour === 'arm64' ? 'linux' : `linux-${flavour}`;
}

/**
 * The source package that advisories name a package by. Where the index of a layer does not say it, a package is of the
 * source of its own name and version; `+b1` behind that counts builds of one source (binNMU).
 */
export function installedSource(installed: Omit<InstalledPackage, 'licences'>): InstalledSource {
  const ownVersion = installed.version.replace(/\+b[0-9]+$/, '');
  const source = installed.source ?? installed.name;
  const kernel = signedKernel(source);
  // The signing source has a version of its own; its packages have that of the kernel.
  if (kernel !== undefined) return { source: kernel, version: ownVersion };
  return { source, version: installed.sourceVersion ?? ownVersion };
}
