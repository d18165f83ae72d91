import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/digest.ts';
import { startTask, useTaskBench } from '../../support/task-bench.ts';

const bench = useTaskBench();

/** Tries each way out of the tree and prints how it went. */
const escapes = `#!/usr/bin/perl
use strict; use warnings;
my %calls = (ptrace => 101, process_vm_readv => 310, chroot => 161, mount => 165, unshare => 272, setns => 308,
  bpf => 321, keyctl => 250, open_by_handle_at => 304, pidfd_getfd => 438, io_uring_setup => 425, clone3 => 435);
for my $name (sort keys %calls) {
  my $result = syscall($calls{$name}, $name eq 'ptrace' ? 16 : 0, getppid(), 0, 0, 0);
  print "$name: ", $result == -1 ? "$!" : 'allowed', "\\n";
}
for my $family (2, 10, 16, 17, 40) {
  print "socket $family: ", syscall(41, $family, 2, 0) == -1 ? "$!" : 'allowed', "\\n";
}
print 'unix socket: ', syscall(41, 1, 1, 0) == -1 ? "$!" : 'allowed', "\\n";
print 'x32 getpid: ', syscall(0x40000000 | 39) == -1 ? "$!" : 'allowed', "\\n";
print 'new user namespace: ', syscall(56, 0x10000000 | 17, 0, 0, 0, 0) == -1 ? "$!" : 'allowed', "\\n";
my $disk = '/tmp/disk';
print 'mknod: ', syscall(133, $disk, 060600, 0xfe00) == -1 ? "$!" : 'allowed', "\\n";
print 'no_new_privs: ', syscall(157, 39, 0, 0, 0, 0), "\\n";
my $bounding = 0;
for (0 .. 40) { $bounding |= 1 << $_ if syscall(157, 23, $_, 0, 0, 0) == 1 }
my ($header, $sets) = (pack('Ll', 0x20080522, 0), "\\0" x 24);
syscall(125, $header, $sets);
printf "bounding %x effective %x permitted %x inheritable %x\\n", $bounding, unpack('L3', $sets);
print 'descriptors: ', join(' ', grep { syscall(72, $_, 1, 0) != -1 } 3 .. 64), "\\n";
print join(' ', sort keys %ENV), "\\n";
print -e '/proc/self' ? "proc\\n" : "no proc\\n";
`;
/** SHA-256 of a tar without members: two blocks of zeros. */
const emptyTar = sha256(Buffer.alloc(1024));
const refused = 'Operation not permitted';
const absent = 'Function not implemented';
const noFamily = 'Address family not supported by protocol';
const refusals = [
  ...[`bpf: ${refused}`, `chroot: ${refused}`, `clone3: ${absent}`, `io_uring_setup: ${absent}`, `keyctl: ${refused}`],
  ...[`mount: ${refused}`, `open_by_handle_at: ${refused}`, `pidfd_getfd: ${refused}`],
  ...[`process_vm_readv: ${refused}`, `ptrace: ${refused}`, `setns: ${refused}`, `unshare: ${refused}`],
  ...[2, 10, 16, 17, 40].map((family) => `socket ${family}: ${noFamily}`),
  ...['unix socket: allowed', `x32 getpid: ${absent}`, `new user namespace: ${refused}`, `mknod: ${refused}`],
  'no_new_privs: 1',
  // AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETGID SETUID
  'bounding 200004fb effective 200004fb permitted 200004fb inheritable 0',
  'descriptors: 3',
  'DEBIAN_FRONTEND HOME LANG PATH SOURCE_DATE_EPOCH',
  'no proc',
];

describe.each(['contained', 'privileged'] as const)('the environment of scripts in mode %s', (mode) => {
  it('refuses a script every way out of its tree, and shows it the same rights', async () => {
    const runner = await bench.openRunner(mode);
    const engine = await bench.scriptEngine(escapes);
    await startTask(runner, engine);
    const said = engine.log().filter((line) => line.stream === 'out');
    expect(said.map((line) => line.text)).toEqual(refusals);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('gives a script that may use the network sockets and a resolver, which its layer does not hold', async () => {
    const runner = await bench.openRunner(mode);
    const run = `#!/usr/bin/perl
for my $family (1, 2, 10, 16, 17, 40) { print "socket $family: ", syscall(41, $family, 2, 0) == -1 ? "$!" : 'allowed', "\\n" }
print -s '/etc/resolv.conf' ? "resolver\\n" : "no resolver\\n";`;
    const engine = await bench.scriptEngine(run, { network: true });
    await startTask(runner, engine);
    const said = engine.log().filter((line) => line.stream === 'out');
    expect(said.map((line) => line.text)).toEqual([
      ...[1, 2, 10, 16].map((family) => `socket ${family}: allowed`),
      ...[17, 40].map((family) => `socket ${family}: ${noFamily}`),
      'resolver',
    ]);
    expect(engine.receipt('site')?.layer?.diffId).toBe(emptyTar);
  });
});
