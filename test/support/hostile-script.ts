import { constants } from 'node:os';

/** What a hostile script is told about the machine it wants to get at. */
export interface HostileTargets {
  /** Major and minor number of the machine's root disk. */
  readonly disk: readonly [number, number];
  readonly enginePort: number;
  /** Name of an abstract Unix socket that listens outside. */
  readonly abstractSocket: string;
  /** A file of the machine, outside of any tree. */
  readonly canary: string;
}

const { EPERM, ENOENT, EAFNOSUPPORT, ENOSYS, ENOTDIR } = constants.errno;

/** Attempts with the error that refuses each, as the script reports them. Pids are 1 to 20. */
export const refusals: Readonly<Record<string, number>> = {
  'chroot escape': EPERM,
  'mknod of the root disk': EPERM,
  'mknod by the command': 1,
  'reading the root disk': ENOENT,
  'mknod of /dev/mem': EPERM,
  'ptrace attach': EPERM,
  'ptrace seize': EPERM,
  process_vm_readv: EPERM,
  process_vm_writev: EPERM,
  pidfd_getfd: EPERM,
  'mount of a tmpfs': EPERM,
  'mount of proc': EPERM,
  'open_tree of /': EPERM,
  'unshare user': EPERM,
  'unshare mount': EPERM,
  'clone with a user namespace': EPERM,
  clone3: ENOSYS,
  setns: EPERM,
  open_by_handle_at: EPERM,
  io_uring_setup: ENOSYS,
  bpf: EPERM,
  'file capability': EPERM,
  'x32 mount': ENOSYS,
  '/proc of the agent': ENOENT,
  'the ticket in the environment': ENOENT,
  'internet socket': EAFNOSUPPORT,
  'internet socket, version 6': EAFNOSUPPORT,
  'packet socket': EAFNOSUPPORT,
  'vsock socket': EAFNOSUPPORT,
  'the engine by IO::Socket': EAFNOSUPPORT,
  'a folder among the descriptors': ENOTDIR,
  'the canary by its path': ENOENT,
  'the canary by dots': ENOENT,
  'the canary by a link': ENOENT,
  'abstract socket': EPERM,
};

/**
 * A script that tries every way out of its tree that is known and writes `name<TAB>errno` for each to /srv/report, or
 * `DONE` where nothing refused it. Its system call numbers are those of x86_64.
 */
export function hostileScript(targets: HostileTargets): string {
  const [major, minor] = targets.disk;
  // As the kernel packs a device number into 32 bits.
  const device = ((minor & ~0xff) << 12) | (major << 8) | (minor & 0xff);
  return `#!/usr/bin/perl
use strict; use warnings; use Socket; use IO::Socket::INET;
my ($disk, $canary) = (${device}, '${targets.canary}');
open my $report, '>', '/srv/report' or die $!;
sub tell_of { my ($name, $done) = @_; print $report $name, "\\t", $done ? 'DONE' : $! + 0, "\\n"; }
# A call for each process: done where one of them was.
sub each_pid {
    my ($name, $try) = @_;
    my $errno = 0;
    for my $pid (1 .. 20) {
        next if $pid == $$;
        $! = 0;
        return tell_of($name, 1) if $try->($pid) >= 0;
        $errno = $! + 0;
    }
    $! = $errno;
    tell_of($name, 0);
}
sub call { my ($name, @arguments) = @_; my $number = shift @arguments; $! = 0; tell_of($name, syscall($number, @arguments) >= 0); }

mkdir '/srv/jail';
$! = 0;
if (chroot '/srv/jail') {
    chdir '..' for 1 .. 40;
    chroot '.';
    if (open my $out, '>', $canary) { print $out 'escaped' }
    tell_of('chroot escape', 1);
} else { tell_of('chroot escape', 0) }
call('mknod of the root disk', 133, '/srv/disk', 0060666, $disk);
$! = system('mknod', '/dev/disk', 'b', ${major}, ${minor}) >> 8;
tell_of('mknod by the command', $! == 0);
$! = 0;
tell_of('reading the root disk', (open my $d, '<', '/srv/disk') || (open my $e, '<', '/dev/disk'));
call('mknod of /dev/mem', 133, '/srv/mem', 0020666, (1 << 8) | 1);

each_pid('ptrace attach', sub { syscall(101, 16, $_[0], 0, 0) });
each_pid('ptrace seize', sub { syscall(101, 0x4206, $_[0], 0, 0) });
my $buffer = 'x' x 64;
my $local = pack('PQ', $buffer, 64);
# Where programs that are not relocated begin.
my $remote = pack('QQ', 0x400000, 64);
each_pid('process_vm_readv', sub { syscall(310, $_[0], $local, 1, $remote, 1, 0) });
each_pid('process_vm_writev', sub { syscall(311, $_[0], $local, 1, $remote, 1, 0) });
each_pid('pidfd_getfd', sub {
    my $fd = syscall(434, $_[0], 0);
    for my $theirs (0 .. 40) { return 0 if syscall(438, $fd < 0 ? 0 : $fd, $theirs, 0) >= 0 }
    return -1;
});

call('mount of a tmpfs', 165, 'none', '/mnt', 'tmpfs', 0, 0);
call('mount of proc', 165, 'proc', '/mnt', 'proc', 0, 0);
call('open_tree of /', 428, -100, '/', 1);
call('unshare user', 272, 0x10000000);
call('unshare mount', 272, 0x00020000);
$! = 0;
my $child = syscall(56, 0x10000000 | 17, 0, 0, 0, 0);
exit 0 if $child == 0;
tell_of('clone with a user namespace', $child > 0);
my $arguments = pack('Q11', 0x10000000, (0) x 3, 17, (0) x 6);
$! = 0;
$child = syscall(435, $arguments, length $arguments);
exit 0 if $child == 0;
tell_of('clone3', $child > 0);
call('setns', 308, 0, 0);
my $handle = pack('LLx128', 128, 1);
call('open_by_handle_at', 304, -100, $handle, 0);
my $ring = "\\0" x 120;
call('io_uring_setup', 425, 4, $ring);
call('bpf', 321, 0, $ring, 120);
open my $tool, '>', '/srv/tool'; close $tool;
my $capability = pack('L5', 0x02000001, 0xffffffff, 0, 0xffffffff, 0);
call('file capability', 188, '/srv/tool', 'security.capability', $capability, length $capability, 0);
call('x32 mount', 0x40000000 | 165, 'none', '/mnt', 'tmpfs', 0, 0);

$! = 0;
my @found = grep { -e } map { ("/proc/$_/environ", "/proc/$_/mem", "/proc/$_/root", "/proc/$_/fd") } 'self', 1 .. 20;
tell_of('/proc of the agent', scalar @found);
$! = ${ENOENT};
tell_of('the ticket in the environment', scalar grep { /^LBUILD/ || $ENV{$_} =~ /lbt_|https?:/ } keys %ENV);

call('internet socket', 41, 2, 1, 0);
call('internet socket, version 6', 41, 10, 1, 0);
call('packet socket', 41, 17, 3, 0);
call('vsock socket', 41, 40, 1, 0);
$! = 0;
tell_of('the engine by IO::Socket', IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => ${targets.enginePort}));

# Standard streams are pipes, and what Perl reads this from is a file: none of them leads into a folder.
my @folders = grep { syscall(81, $_) == 0 } 0 .. 1023;
$! = ${ENOTDIR};
tell_of('a folder among the descriptors', scalar @folders);
$! = 0;
tell_of('the canary by its path', open my $straight, '>>', $canary);
$! = 0;
tell_of('the canary by dots', open my $dotted, '>>', '../' x 40 . substr $canary, 1);
symlink '../' x 40 . substr($canary, 1), '/srv/link';
$! = 0;
tell_of('the canary by a link', open my $linked, '>>', '/srv/link');
socket my $unix, AF_UNIX, SOCK_STREAM, 0 or die $!;
$! = 0;
tell_of('abstract socket', connect $unix, pack('Sa*', AF_UNIX, "\\0${targets.abstractSocket}"));
close $report;
`;
}
