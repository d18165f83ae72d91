import type { InstalledPackage } from './installed-packages.ts';

/**
 * The package URL of a Debian package (package-url specification, type `deb`):
 * `pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=trixie`.
 */
export function packageUrl(
  { name, version, architecture }: Pick<InstalledPackage, 'name' | 'version' | 'architecture'>,
  { distribution, release }: { readonly distribution: string; readonly release: string },
): string {
  // A colon stays as it is in a package URL.
  const encode = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');
  return `pkg:deb/${distribution}/${encode(name)}@${encode(version)}?arch=${architecture}&distro=${release}`;
}
