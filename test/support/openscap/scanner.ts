import { spawnSync } from 'node:child_process';
import type { Outcome } from './comparison.ts';

const content = '/usr/share/xml/scap/ssg/content/ssg-debian11-oval.xml';

/** What profiles of the content set: sshd is judged where it is installed, and its bounds are 300 seconds, three times. */
const variables = { sshd_required: 0, sshd_idle_timeout_value: 300, var_sshd_set_keepalive: 3 };

/**
 * Runs a script in a tree as its machine would: the tree is the root, with its own /proc and an empty /run. Mounts and
 * processes are in namespaces that end with the script.
 */
function runInside(
  tree: string,
  script: string,
  words: readonly string[],
  input = '',
): { stdout: string; stderr: string } {
  const mounts =
    'tree=$1; shift; mount --bind "$tree" "$tree"; cd "$tree"; mount -t proc proc proc; mount -t tmpfs tmpfs run; cat > run/input; ';
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const ran = spawnSync('unshare', [...namespaces, 'sh', '-euc', mounts + script, 'sh', tree, ...words], {
    encoding: 'utf8',
    input,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  });
  if (ran.status !== 0)
    throw new Error(`the script ended with ${ran.status ?? ran.signal}: ${ran.stderr.slice(-2_000)}`);
  return ran;
}

/** What OpenSCAP says of definitions, by their short names. Fails where it is in any doubt. */
export function scan(tree: string, definitions: readonly string[]): ReadonlyMap<string, Outcome> {
  const script = `for id; do chroot . oscap oval eval --variables /run/input --id "oval:ssg-$id:def:1" ${content}; done`;
  const { stdout, stderr } = runInside(tree, script, definitions, variablesFile());
  // It goes on after such errors, and what it could not look at passes.
  if (/^E: /m.test(stderr)) throw new Error(`OpenSCAP: ${stderr.slice(-2_000)}`);
  const outcomes = new Map<string, Outcome>();
  for (const [, id = '', outcome] of stdout.matchAll(/^Definition oval:ssg-(\w+):def:1: (.*)$/gm)) {
    if (outcome !== 'true' && outcome !== 'false') throw new Error(`OpenSCAP says ${outcome} of ${id}`);
    outcomes.set(id, outcome === 'true' ? 'pass' : 'fail');
  }
  return outcomes;
}

/** The settings of the tree’s own sshd by its own word, started as its unit starts it (sshd -T). */
export function askDaemon(tree: string, connection?: string): ReadonlyMap<string, string> {
  const script = [
    'mkdir run/sshd; chroot . ssh-keygen -q -t ed25519 -N "" -f /run/key',
    `chroot . sh -c 'SSHD_OPTS=; . /etc/default/ssh; exec /usr/sbin/sshd -T -h /run/key $SSHD_OPTS "$@"' sh "$@"`,
  ].join('; ');
  const { stdout } = runInside(tree, script, connection === undefined ? [] : ['-C', connection]);
  return new Map(
    stdout.split('\n').map((line) => {
      const [keyword = '', ...value] = line.split(' ');
      return [keyword, value.join(' ')];
    }),
  );
}

/** Paths for which find(1) in the tree says yes, sorted, relative to the root. */
export function findInside(tree: string, expression: readonly string[]): string[] {
  const { stdout } = runInside(tree, 'chroot . find / -xdev -mindepth 1 "$@" -print', expression);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(1))
    .sort();
}

function variablesFile(): string {
  const schema = 'http://oval.mitre.org/XMLSchema';
  const values = Object.entries(variables).map(
    ([name, value]) =>
      `<variable id="oval:ssg-${name}:var:1" datatype="int" comment="${name}"><value>${value}</value></variable>`,
  );
  return [
    `<oval_variables xmlns="${schema}/oval-variables-5" xmlns:oval="${schema}/oval-common-5"><generator>`,
    '<oval:product_name>lbuild</oval:product_name><oval:schema_version>5.11</oval:schema_version>',
    '<oval:timestamp>2025-01-01T00:00:00</oval:timestamp></generator><variables>',
    ...values,
    '</variables></oval_variables>\n',
  ].join('');
}
