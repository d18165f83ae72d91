import { asRoot, capture, osRelease, run, stop } from './system.mjs';

/** Debian packages that the engine needs on the machine itself: all else lives in the builder root. */
export const enginePackages = [
  { name: 'mmdebstrap', why: 'makes the builder root' },
  // Its 2025 update brought the keys that sign Debian 13, of which the builder root is made.
  { name: 'debian-archive-keyring', why: "holds the distribution's signing keys", atLeast: '2023.3+deb12u2' },
];

/** What the tests need beside these: machines to boot images in, containers as Fargate makes them, DynamoDB Local. */
export const testPackages = [
  { name: 'qemu-system-x86', why: 'boots the images' },
  { name: 'ovmf', why: 'UEFI firmware for the boots' },
  { name: 'podman', why: "containers with exactly Fargate's capabilities" },
  { name: 'runc', why: 'runs these containers' },
  { name: 'iproute2', why: 'gives DynamoDB Local a network of its own' },
  { name: 'default-jre-headless', why: 'runs DynamoDB Local', unless: ['java', '-version'] },
];

/** The packages of a list that are not there (or too old), by what dpkg says. */
export function missingPackages(wanted, query = capture) {
  return wanted.filter((wish) => {
    if (wish.unless !== undefined && query(wish.unless) !== undefined) return false;
    const answer = query(['dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', wish.name]);
    const [status, version] = (answer ?? '').trim().split(' ');
    if (status !== 'installed') return true;
    if (wish.atLeast === undefined) return false;
    return query(['dpkg', '--compare-versions', version, 'ge', wish.atLeast]) === undefined;
  });
}

/** Installs what is missing, and says before what and why; nothing twice. */
export function ensureSystemPackages(wanted) {
  if (capture(['dpkg-query', '--version']) === undefined) {
    const names = wanted.map((wish) => wish.name).join(', ');
    stop(`this is no Debian system (${osRelease().PRETTY_NAME ?? 'unknown'}). Install these yourself: ${names}.`);
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
