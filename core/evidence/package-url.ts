import { type DistributionName, distributions } from '../distributions/registry.ts';
import type { InstalledPackage } from './installed-packages.ts';

/**
 * The package URL of a package (package-url specification), of type and namespace of its distribution:
 * `pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=trixie`.
 */
export function packageUrl(
  { name, version, architecture }: Pick<InstalledPackage, 'name' | 'version' | 'architecture'>,
  { distribution, release }: { readonly distribution: DistributionName; readonly release: string },
): string {
  // A colon stays as it is in a package URL.
  const encode = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');
  const { type, namespace } = distributions[distribution].packageUrl;
  return `pkg:${type}/${namespace}/${encode(name)}@${encode(version)}?arch=${architecture}&distro=${release}`;
}
