import { asRoot, capture, isDebianLike, osRelease, run, stop } from './system.mjs';

/**
 * Debian packages that the engine needs on the machine itself: all else lives in the builder root. `shown` is a command
 * that succeeds where the thing is there, for systems with other packages.
 */
export const enginePackages = [
  { name: 'mmdebstrap', why: 'makes the builder root', shown: ['mmdebstrap', '--version'] },
  {
    name: 'debian-archive-keyring',
    why: "holds the distribution's signing keys",
    shown: ['test', '-r', '/usr/share/keyrings/debian-archive-keyring.gpg'],
    // Its 2025 update brought the keys that sign Debian 13, of which the builder root is made.
    atLeast: '2023.3+deb12u2',
  },
];

/** What the tests need beside these: machines to boot images in, containers as Fargate makes them, DynamoDB Local. */
export const testPackages = [
  { name: 'qemu-system-x86', why: 'boots the images', shown: ['qemu-system-x86_64', '--version'] },
  { name: 'qemu-utils', why: 'judges the forms of disk images', shown: ['qemu-img', '--version'] },
  { name: 'ovmf', why: 'UEFI firmware for the boots', shown: ['test', '-r', '/usr/share/OVMF/OVMF_CODE_4M.fd'] },
  { name: 'fdisk', why: 'judges the partition tables of disk images', shown: ['sfdisk', '--version'] },
  { name: 'podman', why: "containers with exactly Fargate's capabilities", shown: ['podman', '--version'] },
  { name: 'runc', why: 'runs these containers', shown: ['runc', '--version'] },
  { name: 'skopeo', why: 'reads container images in the tests', shown: ['skopeo', '--version'] },
  { name: 'gpg', why: 'signs the package archives of the tests', shown: ['gpg', '--version'] },
  { name: 'gpg-agent', why: 'holds the keys that gpg signs with', shown: ['gpg-agent', '--version'] },
  { name: 'openssl', why: 'digests of large files in the tests of the builder', shown: ['openssl', 'version'] },
  { name: 'zstd', why: 'reads layers in the tests', shown: ['zstd', '--version'] },
  { name: 'squashfs-tools', why: 'reads modules in the tests', shown: ['unsquashfs', '-help'] },
  { name: 'xorriso', why: 'reads ISO images in the tests', shown: ['xorriso', '-version'] },
  {
    name: 'libfaketime',
    why: 'lets builders see another day',
    shown: ['sh', '-c', 'test -r /usr/lib/*/faketime/libfaketime.so.1'],
  },
  { name: 'curl', why: 'asks in the smoke tests', shown: ['curl', '--version'] },
  { name: 'jq', why: 'reads answers in the smoke tests', shown: ['jq', '--version'] },
  { name: 'chromium', why: 'opens the pages of the API, and the SDK in a page', shown: ['chromium', '--version'] },
  { name: 'systemd', why: 'enables units in test trees', shown: ['systemctl', '--version'] },
  { name: 'iproute2', why: 'gives DynamoDB Local a network of its own', shown: ['ip', '-V'] },
  // Any Java does, also one that no package brought.
  { name: 'default-jre-headless', why: 'runs DynamoDB Local', shown: ['java', '-version'], anyProvider: true },
];

/**
 * What `npm run bench:peers` compares with and draws by: Debian packages of a root folder of its own (bench/peers/peers-root.ts),
 * since they would change the machine: another systemd, udev, binary formats.
 */
export const benchPackages = [
  { name: 'live-build', why: 'a peer: live images' },
  { name: 'mkosi', why: 'a peer: disk images' },
  { name: 'debos', why: 'a peer: disk images' },
  { name: 'vmdb2', why: 'a peer: disk images' },
  { name: 'mmdebstrap', why: 'the naive script: the tree' },
  { name: 'squashfs-tools', why: 'the naive script: the compressed tree' },
  { name: 'xorriso', why: 'the naive script: ISO images' },
  { name: 'grub-common', why: 'the naive script: grub-mkrescue' },
  { name: 'grub-pc-bin', why: "the naive script: GRUB's modules for BIOS" },
  { name: 'grub-efi-amd64-bin', why: "the naive script: GRUB's modules for UEFI" },
  { name: 'mtools', why: 'grub-mkrescue: FAT images' },
  { name: 'debootstrap', why: 'all peers: the minimal system' },
  { name: 'debian-archive-keyring', why: "all peers: the archive's keys" },
  { name: 'ca-certificates', why: 'archives over TLS' },
  { name: 'cpio', why: 'live-build: copies files' },
  { name: 'dosfstools', why: 'mkosi, live-build: the EFI partition' },
  { name: 'e2fsprogs', why: 'disk images: file systems' },
  { name: 'fdisk', why: 'mkosi: partition tables' },
  { name: 'kmod', why: 'live-build, debos: modules' },
  { name: 'parted', why: 'debos, vmdb2: partition tables' },
  { name: 'qemu-utils', why: 'vmdb2: image files' },
  { name: 'systemd-container', why: 'mkosi, debos: systemd-nspawn' },
  { name: 'wget', why: 'debootstrap: downloads' },
  { name: 'xz-utils', why: 'packages' },
  { name: 'zstd', why: 'compression' },
  { name: 'librsvg2-bin', why: 'plots: rsvg-convert' },
  { name: 'fonts-dejavu-core', why: 'plots: their letters' },
];

/**
 * The packages of a list that are not there (or too old), by what dpkg says.
 * @param query runs a command and answers its output; undefined where it fails
 */
export function missingPackages(wanted, query = capture) {
  return wanted.filter((wish) => {
    if (wish.anyProvider === true && query(wish.shown) !== undefined) return false;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
    const answer = query(['dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', wish.name]);
    const [status, version] = (answer ?? '').trim().split(' ');
    if (status !== 'installed') return true;
    if (wish.atLeast === undefined) return false;
    return query(['dpkg', '--compare-versions', version, 'ge', wish.atLeast]) === undefined;
  });
}

/** As missingPackages, on a system whose packages have other names: what does not show itself. */
export function missingTools(wanted, query = capture) {
  return wanted.filter((wish) => query(wish.shown) === undefined);
}

/** Installs what is missing, and says before what and why; nothing twice. */
export function ensureSystemPackages(wanted) {
  if (!isDebianLike()) {
    const absent = missingTools(wanted).map((wish) => `\n  ${wish.name}: ${wish.why}`);
    if (absent.length === 0) return;
    stop(
      `this is no Debian system (${osRelease().PRETTY_NAME ?? 'unknown'}). Install these yourself:${absent.join('')}`,
    );
  }
  const missing = missingPackages(wanted);
  if (missing.length === 0) return;
  process.stdout.write('Installing Debian packages on this machine:\n');
  for (const { name, why } of missing) process.stdout.write(`  ${name}: ${why}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const names = missing.map((wish) => wish.name);
  run(asRoot(['apt-get', 'update', '-qq']), { env: environment });
  run(asRoot(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names]), {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
