#!/usr/bin/perl
# Starts a command in one of the builder's confined environments, then is gone: everything it sets is inherited.
#
#   confine.pl --mode contained [--root DIR] [--cwd DIR] [--limit NAME=N]... -- COMMAND [ARG]...
#
# Modes
#   contained       Exactly what Fargate gives a container: its capability set a80425fb, no mounts, no namespaces.
#                   With --root: a command in the tree (package tools, maintainer scripts).
#   tenant          As contained, for a tenant's maintainer scripts and what starts them: no device nodes, and no sockets
#                   but Unix ones. What gets out of the tree is in the task, which is the boundary.
#   script          Tenant code, without internet sockets. Only with --root.
#   script-network  Tenant code that may use the network. Only with --root.
#
# It is Perl because perl-base is in every Debian system and can make raw system calls: no compiler, no package more.
use strict;
use warnings;

use constant { EPERM => 1, ENOSYS => 38, EAFNOSUPPORT => 97 };

# [x86_64, aarch64]. Numbers from 424 on are the same everywhere.
my %number = (
    prctl => [157, 167], capget => [125, 90], capset => [126, 91], prlimit64 => [302, 261], seccomp => [317, 277],
    rt_sigprocmask => [14, 135], close_range => [436, 436],
    landlock_create_ruleset => [444, 444], landlock_restrict_self => [446, 446],
    mount => [165, 40], umount2 => [166, 39], pivot_root => [155, 41], unshare => [272, 97], setns => [308, 268],
    open_tree => [428, 428], move_mount => [429, 429], fsopen => [430, 430], fsconfig => [431, 431],
    fsmount => [432, 432], fspick => [433, 433], mount_setattr => [442, 442], open_tree_attr => [467, 467],
    clone => [56, 220], clone3 => [435, 435],
    kexec_load => [246, 104], kexec_file_load => [320, 294], init_module => [175, 105], finit_module => [313, 273],
    delete_module => [176, 106], bpf => [321, 280], perf_event_open => [298, 241], userfaultfd => [323, 282],
    add_key => [248, 217], request_key => [249, 218], keyctl => [250, 219], open_by_handle_at => [304, 265],
    acct => [163, 89], swapon => [167, 224], swapoff => [168, 225], reboot => [169, 142],
    settimeofday => [164, 170], clock_settime => [227, 112], adjtimex => [159, 171], clock_adjtime => [305, 266],
    syslog => [103, 116], quotactl => [179, 60], quotactl_fd => [443, 443], fanotify_init => [300, 262],
    lookup_dcookie => [212, 18], iopl => [172, undef], ioperm => [173, undef],
    sethostname => [170, 161], setdomainname => [171, 162],
    io_uring_setup => [425, 425], io_uring_enter => [426, 426], io_uring_register => [427, 427],
    ptrace => [101, 117], process_vm_readv => [310, 270], process_vm_writev => [311, 271], kcmp => [312, 272],
    pidfd_getfd => [438, 438], process_madvise => [440, 440], chroot => [161, 51], name_to_handle_at => [303, 264],
    socket => [41, 198], socketpair => [53, 199],
);

# What the container tools' profile refuses without CAP_SYS_ADMIN and its like, and every way to mount.
my @refused_contained = qw(mount umount2 pivot_root unshare setns open_tree move_mount fsopen fsconfig fsmount fspick
    mount_setattr open_tree_attr kexec_load kexec_file_load init_module finit_module delete_module bpf perf_event_open
    userfaultfd add_key request_key keyctl open_by_handle_at acct swapon swapoff reboot settimeofday clock_settime
    adjtimex clock_adjtime syslog quotactl quotactl_fd fanotify_init lookup_dcookie iopl ioperm sethostname
    setdomainname);
# For scripts also: every way into another process (the agent holds the ticket), and out of the tree.
my @refused_script = qw(ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise chroot
    name_to_handle_at);
# Answered as a kernel without them would: programs then fall back. io_uring opens sockets past any filter of
# socket(2); clone3 hides its flags behind a pointer that a filter cannot follow, and glibc falls back to clone.
my @absent = qw(io_uring_setup io_uring_enter io_uring_register clone3);
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
my $namespace_flags = 0x7e020000;
# Unix sockets stay: programs talk to themselves by them. Netlink only serves the resolver. Others (packet, vsock,
# alg, bluetooth) are doors to the machine. The error is that of a kernel without the family: useradd, for one, then
# does without its audit socket.
my %families = (tenant => [1], script => [1], 'script-network' => [1, 2, 10, 16]);

# AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID
# SYS_CHROOT: 0xa80425fb, the default of containers and all that Fargate gives.
my @contained_capabilities = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31);
# A tenant's packages make no device nodes (27), by which they would reach the machine's disks where a task shares its
# kernel with others, and no raw sockets (13). Since the agent has more than this, they cannot trace it.
my @tenant_capabilities = grep { $_ != 27 && $_ != 13 } @contained_capabilities;
# Scripts do without MKNOD (27), SYS_CHROOT (18), NET_RAW (13), SETFCAP (31), SETPCAP (8).
my @script_capabilities = (0, 1, 3, 4, 5, 6, 7, 10, 29);

my %limit_number = (cpu => 0, fsize => 1, core => 4, nofile => 7);

sub fail { my ($what) = @_; print STDERR "confine: $what\n"; exit 125; }

my %options = (limit => []);
while (@ARGV) {
    my $flag = shift @ARGV;
    last if $flag eq '--';
    my $value = shift @ARGV;
    fail("$flag needs a value") unless defined $value;
    if ($flag eq '--limit') { push @{ $options{limit} }, $value }
    elsif ($flag =~ /^--(mode|root|cwd)$/) { $options{$1} = $value }
    else { fail("unknown option $flag") }
}
my $mode = $options{mode} // fail('no --mode');
fail("unknown mode $mode") unless $mode =~ /^(contained|tenant|script|script-network)$/;
fail('no command') unless @ARGV;
my $is_script = $mode =~ /^script/;
my $is_tenants = $mode ne 'contained';
fail("mode $mode needs --root") if $is_script && !defined $options{root};

my $machine = do { require POSIX; (POSIX::uname())[4] };
my $column = $machine eq 'x86_64' ? 0 : $machine eq 'aarch64' ? 1 : fail("no system call numbers for $machine");
my $architecture = $column == 0 ? 0xc000003e : 0xc00000b7;

sub call { my ($name, @arguments) = @_; return syscall($number{$name}[$column], @arguments); }
sub must { my ($name, @arguments) = @_; my $r = call($name, @arguments); fail("$name: $!") if $r == -1; return $r; }

# BPF of struct sock_filter { u16 code; u8 jt; u8 jf; u32 k }.
sub statement { my ($code, $k) = @_; return pack('SCCL', $code, 0, 0, $k); }
sub jump { my ($code, $k, $true, $false) = @_; return pack('SCCL', $code, $true, $false, $k); }
sub load { my ($offset) = @_; return statement(0x20, $offset); }
sub answer { my ($value) = @_; return statement(0x06, $value); }
sub refuse { my ($errno) = @_; return answer(0x00050000 | $errno); }
use constant { JEQ => 0x15, JGE => 0x35, JSET => 0x45, ALLOW => 0x7fff0000, ARG0 => 16 };

sub filter {
    my @code = (load(4), jump(JEQ, $architecture, 1, 0), refuse(ENOSYS), load(0));
    # x32 calls have the same architecture and numbers from 0x40000000 on.
    push @code, jump(JGE, 0x40000000, 0, 1), refuse(ENOSYS) if $column == 0;
    my $each = sub {
        my ($errno, @names) = @_;
        for my $name (@names) {
            my $nr = $number{$name}[$column];
            push @code, jump(JEQ, $nr, 0, 1), refuse($errno) if defined $nr;
        }
    };
    $each->(EPERM, @refused_contained);
    $each->(EPERM, @refused_script) if $is_script;
    $each->(ENOSYS, @absent);
    push @code, jump(JEQ, $number{clone}[$column], 0, 4), load(ARG0), jump(JSET, $namespace_flags, 0, 1),
        refuse(EPERM), answer(ALLOW);
    if ($is_tenants) {
        for my $name (qw(socket socketpair)) {
            my @allowed = map { (jump(JEQ, $_, 0, 1), answer(ALLOW)) } @{ $families{$mode} };
            push @code, jump(JEQ, $number{$name}[$column], 0, 2 + @allowed), load(ARG0), @allowed,
                refuse(EAFNOSUPPORT);
        }
    }
    return join('', @code, answer(ALLOW));
}

# Capabilities that this process has: a set may only shrink.
my $header = pack('Ll', 0x20080522, 0);
my $sets = "\0" x 24;
# Called as it is: the kernel writes into $sets, and a function's arguments would be copies.
syscall($number{capget}[$column], $header, $sets) == 0 or fail("capget: $!");
my @words = unpack('L6', $sets);
my $may_filter = ($words[0] >> 21) & 1;    # CAP_SYS_ADMIN

if (defined $options{root}) {
    chdir $options{root} or fail("chdir: $!");
    chroot '.' or fail("chroot: $!");
}
my $cwd = $options{cwd} // (defined $options{root} ? '/' : undef);
if (defined $cwd) { chdir $cwd or fail("chdir $cwd: $!"); }

umask 022;
$) = '0 0';
for my $limit ('core=0', @{ $options{limit} }) {
    my ($name, $value) = $limit =~ /^([a-z]+)=([0-9]+)$/ or fail("limit $limit");
    my $resource = $limit_number{$name} // fail("unknown limit $name");
    my $pair = pack('QQ', $value, $value);
    must('prlimit64', 0, $resource, $pair, 0);
}

my %keep = map { $_ => 1 }
    $is_script ? @script_capabilities : $is_tenants ? @tenant_capabilities : @contained_capabilities;
for my $capability (0 .. 63) {
    my $present = call('prctl', 23, $capability, 0, 0, 0);    # PR_CAPBSET_READ
    last if $present == -1;
    next if !$present || $keep{$capability};
    must('prctl', 24, $capability, 0, 0, 0);                  # PR_CAPBSET_DROP
}
call('prctl', 47, 4, 0, 0, 0);                                # PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL

# Without the right to filter, a filter needs no_new_privs; then the mode contained is what surrounds us already.
must('prctl', 38, 1, 0, 0, 0) if $is_tenants;                 # PR_SET_NO_NEW_PRIVS
if ($is_tenants) {
    # A task on one machine shares the host's network namespace and with it its abstract Unix sockets. Kernels from
    # 6.12 on can refuse those (LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET); on Fargate the namespace is the task's own.
    my $attributes = pack('QQQ', 0, 0, 1);
    my $ruleset = call('landlock_create_ruleset', $attributes, length $attributes, 0);
    call('landlock_restrict_self', $ruleset, 0) if $ruleset >= 0;
}
if ($is_tenants || $may_filter) {
    my $code = filter();
    my $program = pack('Sx6P', length($code) / 8, $code);
    must('seccomp', 1, 0, $program);                          # SECCOMP_SET_MODE_FILTER
}

my $mask = 0;
$mask |= 1 << $_ for keys %keep;
my $low = $words[1] & $mask;
$sets = pack('L6', $low, $low, 0, 0, 0, 0);
must('capset', $header, $sets);

my $no_signals = pack('Q', 0);
must('rt_sigprocmask', 2, $no_signals, 0, 8);                 # SIG_SETMASK
$SIG{$_} = 'DEFAULT' for qw(HUP INT QUIT PIPE TERM CHLD USR1 USR2);
call('close_range', 3, 0xffffffff, 4);                        # CLOSE_RANGE_CLOEXEC

exec { $ARGV[0] } @ARGV or do { print STDERR "confine: $ARGV[0]: $!\n"; exit($! == 2 ? 127 : 126); };
