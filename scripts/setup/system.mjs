import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Ends the program with a message that says what to do; set-up errors are for people, not for stack traces. */
export function stop(message) {
  process.stderr.write(`\nset-up: ${message}\n`);
  process.exit(2);
}

/** Runs a command with its output shown; ends the program where it fails. */
export function run(argv, options = {}) {
  const [command, ...args] = argv;
  const result = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (result.error !== undefined) stop(`${command} cannot be run: ${result.error.message}`);
  if (result.status !== 0) stop(`${argv.join(' ')} failed with exit code ${result.status ?? result.signal}.`);
}

/** Runs a command and answers its output; undefined where it fails. */
export function capture(argv) {
  const [command, ...args] = argv;
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout : undefined;
}

export function isRoot() {
  return process.getuid?.() === 0;
}

/** argv as root: itself for root, else through sudo. */
export function asRoot(argv) {
  if (isRoot()) return argv;
  if (capture(['sudo', '-n', 'true']) === undefined && capture(['which', 'sudo']) === undefined) {
    stop('root is needed (packages, chroot) and there is no sudo. Run it as root.');
  }
  return ['sudo', ...argv];
}

/** The members of os-release(5); an empty object where there is none. */
export function osRelease(file = '/etc/os-release') {
  if (!existsSync(file)) return {};
  const members = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => /^([A-Z_]+)=(["']?)(.*)\2$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => [match[1], match[3]]);
  return Object.fromEntries(members);
}

/** Whether this is Debian or a system made of it: its packages have Debian's names. */
export function isDebianLike(members = osRelease()) {
  return [members.ID, ...(members.ID_LIKE ?? '').split(' ')].includes('debian');
}
