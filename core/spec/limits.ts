/** Limits of a build spec. Each has its reason; a spec over one is refused before anything is planned. */
export const specLimits = {
  /** Bytes of the whole spec as JSON without white space: with its plan it must fit one 400 KB table item. */
  specBytes: { value: 262_144, reason: 'spec and build must fit one item of the table' },
  /** Nested lists and objects: the deepest known field lies at 4; more is only ever an attack on a parser. */
  depth: { value: 16, reason: 'no field lies deeper' },
  /** Errors in one answer: more than anyone reads, and an answer must not grow with the attack. */
  errors: { value: 100, reason: 'an answer must stay readable' },
  /** Packages in one list: a full desktop is about 1,800 packages, dependencies included, and those need no naming. */
  packages: { value: 2_000, reason: 'a full desktop names fewer, dependencies included' },
  /** Files: more belong into a package or come from a step. */
  files: { value: 500, reason: 'more belong into a package or come from a step' },
  /** Bytes of one file's content as UTF-8: half a spec. */
  fileBytes: { value: 131_072, reason: 'larger files are uploaded, or come in a package or from a step' },
  /** Folders of the spec: as files. */
  directories: { value: 500, reason: 'more belong into a package or come from a step' },
  /** Paths to remove: a step removes more by a pattern. */
  removals: { value: 500, reason: 'a step removes more by a pattern' },
  /** Bytes of a path: PATH_MAX of Linux, its final NUL left out. */
  pathBytes: { value: 4_095, reason: 'Linux takes no longer path' },
  /** Bytes of one path component: NAME_MAX of Linux. */
  pathComponentBytes: { value: 255, reason: 'Linux takes no longer name' },
  /** Users: images with more get their accounts from a directory. */
  users: { value: 200, reason: 'more accounts belong into a directory service' },
  /** Groups of the spec. */
  groups: { value: 200, reason: 'more groups belong into a directory service' },
  /** Groups of one user: NFS carries 16 and no image in use has dozens. */
  userGroups: { value: 64, reason: 'more is a mistake' },
  /** Public keys of one user: sshd reads the whole file at each login. */
  sshKeys: { value: 50, reason: 'sshd reads all of them at each login' },
  /** Characters of one public-key line: OpenSSH's own bound on public keys is 16,384 bytes. */
  sshKeyLength: { value: 16_384, reason: 'OpenSSH takes no longer line' },
  /** Commands of one user's sudo. */
  sudoCommands: { value: 64, reason: 'whoever may do more may do everything' },
  /** Characters of one such command, arguments included. */
  sudoCommandLength: { value: 512, reason: 'a longer command belongs into a script' },
  /** Scripts of the first boot: each is numbered by two digits, and all run before the system is up. */
  firstBootScripts: { value: 32, reason: 'all of them run before the system is up' },
  /** Pins of packages. */
  pins: { value: 200, reason: 'what holds for more holds for a release' },
  /** Units in one of the lists of services. */
  services: { value: 500, reason: 'a full desktop has fewer units' },
  /** Kernel arguments. */
  kernelArguments: { value: 64, reason: 'the kernel takes 2,048 bytes of command line' },
  /** Bytes of all kernel arguments with the spaces between: 2,048 of x86 less what the image adds to boot. */
  kernelArgumentBytes: { value: 1_536, reason: 'the kernel takes 2,048 bytes, of which the image needs some' },
  /** Steps: a plan holds 40 stages (core/plan/step-graph.ts), each step may be one, and those around them are fused. */
  steps: { value: 32, reason: 'a plan holds 40 stages, and each step may be one' },
  /** Tests of a spec. */
  tests: { value: 32, reason: 'each boot runs all of them, one after another' },
  /** How often a test is tried again, five seconds apart. */
  testRetries: { value: 60, reason: 'what is not there after five minutes does not come' },
  /** Bytes of one step's script: what is longer is a program and belongs into a file or package. */
  scriptBytes: { value: 65_536, reason: 'a longer script belongs into a file or a package' },
  /** MiB of a disk image: the longest object of the store, since each byte of the file is uploaded (core/builds/parts.ts). */
  diskMiB: { value: 51_200, reason: 'the store takes no longer file, and the file system can grow where it runs' },
  /** Partitions beside those that every disk has: each is a mount, and folders need none. */
  partitions: { value: 16, reason: 'what needs more room to itself belongs onto a disk of its own' },
  /** Processors of a machine in an OVA: what VirtualBox takes at most. */
  machineCpus: { value: 64, reason: 'VirtualBox gives a machine no more' },
  /** MiB of memory of a machine in an OVA: what VirtualBox takes at most (2 TiB). */
  machineMemoryMiB: { value: 2_097_152, reason: 'VirtualBox gives a machine no more' },
  /** Words of an image's entrypoint or command. */
  imageWords: { value: 256, reason: 'a longer command belongs into a script in the image' },
  /** Environment variables, labels or ports of an image. */
  imageNames: { value: 128, reason: 'more belong into a file of the image' },
  /** Characters of one text of an image's configuration. */
  imageTextLength: { value: 4_096, reason: 'a longer text belongs into a file of the image' },
  /** Seconds of one step: the script program's own bound. */
  stepSeconds: { value: 3_600, reason: 'a step that runs for more than an hour hangs' },
} as const;
