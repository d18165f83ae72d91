const names = (reason: string, keys: string): Readonly<Record<string, string>> =>
  Object.fromEntries(keys.split(' ').map((key) => [key, reason]));

const scripts = 'files beside this one are not read: put the text of the script into `steps[].run`';
const trees =
  'folders beside this file are not read: name what they hold in `files`, large ones by `lbuild uploads add` and `files[].upload`';
const keys = 'nothing is signed with keys of yours: evidence is signed by the engine (`lbuild verify-artifact`)';
const loader = 'the boot loader and its menu are the engine’s own';
const initrd = 'the initial RAM file system is the one that the distribution makes';
const modules = 'all modules of the kernel package are there: `kernel.modules` loads and blocks some';
const tools = 'the tools are those of the builder';
const folders = 'the engine keeps its own files where it wants';
const running = 'lbuild makes images and starts none of them; `tests` boots them while they are built';
const network = 'how builders reach archives is the operator’s';

/** Keys without a counterpart by their sections, each with the reason and what to do. */
export const otherKeys: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Distribution: {
    ...names(
      'the archive of the distribution is the operator’s; `archives` adds others',
      'Mirror LocalMirror Repositories',
    ),
    ...names(
      'archives are always verified, by keys that the operator or `archives[].key` gives',
      'RepositoryKeyCheck RepositoryKeyFetch',
    ),
  },
  Output: {
    ImageVersion: 'a spec has no version: builds have ids, and `embedSpec` writes the spec into the image',
    ManifestFormat: 'each build has its evidence anyway: `lbuild download --evidence`',
    CompressLevel: 'how strongly an output is compressed is the engine’s own',
    ...names('where files go is said by `lbuild download --to`', 'OutputDirectory OutputMode OutputExtension'),
    SplitArtifacts: 'outputs are whole: `netboot` has kernel, initrd and tree apart',
    RepartDirectories: 'folders beside this file are not read: divide the disk with `disk`',
    SectorSize: 'sectors have 512 bytes',
    Overlay: 'images are whole, and no overlays',
    Seed: 'ids follow from the plan, so that equal specs give equal disks',
    CleanScripts: 'there is nothing to clean up',
  },
  Content: {
    BuildPackages: 'what is built is built elsewhere: install a package, or let a step install and remove its tools',
    ...names(
      'packages beside this file cannot be installed: put them into an archive and name it in `archives`',
      'PackageDirectories VolatilePackageDirectories',
    ),
    ...names(trees, 'BaseTrees SkeletonTrees ExtraTrees'),
    CleanPackageMetadata: 'the database of packages stays, and lists are emptied',
    SourceDateEpoch: 'times follow from the plan',
    ...names(
      scripts,
      'SyncScripts PrepareScripts BuildScripts PostInstallationScripts FinalizeScripts PostOutputScripts',
    ),
    ...names(
      loader,
      'ShimBootloader UnifiedKernelImages UnifiedKernelImageFormat UnifiedKernelImageProfiles Devicetree Splash',
    ),
    ...names(initrd, 'Initrds InitrdPackages InitrdVolatilePackages InitrdProfiles MicrocodeHost MakeInitrd'),
    ...names(
      modules,
      'KernelModulesInclude KernelModulesExclude KernelModulesInitrd KernelModulesInitrdInclude KernelModulesInitrdExclude KernelInitrdModules FirmwareInclude FirmwareExclude FirmwareFiles',
    ),
    LocaleMessages: 'one locale is made: a file /etc/default/locale says more',
    RootShell: 'root keeps its shell: a script of `steps` changes it with chsh',
    Ssh: 'it is for `mkosi ssh`, by VSock: install openssh-server and see `ssh`',
    SELinuxRelabel: 'Debian starts without SELinux: AppArmor is what it has',
    MachineId: 'each machine makes its own id at its first boot',
  },
  Validation: {
    ...names('images are not signed for Secure Boot', 'SecureBoot SecureBootAutoEnroll SecureBootSignTool'),
    ...names(
      keys,
      'SecureBootKey SecureBootCertificate SecureBootKeySource SecureBootCertificateSource VerityKey VerityCertificate VerityKeySource VerityCertificateSource SignExpectedPcrKey SignExpectedPcrCertificate SignExpectedPcrKeySource SignExpectedPcrCertificateSource Key OpenPGPTool',
    ),
    ...names('disks have no verity', 'Verity SignExpectedPcr'),
    Passphrase: 'disks are not encrypted (`disk.encryption` says why)',
    ...names('each artifact has its SHA-256 in signed evidence anyway (`lbuild verify-artifact`)', 'Checksum Sign'),
  },
  Build: {
    ...names(
      tools,
      'ToolsTree ToolsTreeDistribution ToolsTreeRelease ToolsTreeProfiles ToolsTreeMirror ToolsTreeRepositories ToolsTreeSandboxTrees ToolsTreePackages ToolsTreePackageDirectories ToolsTreeCertificates ToolsTreeSyncScripts ToolsTreePrepareScripts ExtraSearchPaths',
    ),
    ...names('each step is kept in the cache anyway', 'Incremental CacheOnly CacheKey'),
    ...names(
      folders,
      'SandboxTrees WorkspaceDirectory CacheDirectory PackageCacheDirectory BuildDirectory UseSubvolumes BuildSources BuildSourcesEphemeral BuildSubdirectory',
    ),
    ...names('a script has no environment but its own: set variables in `steps[].run`', 'Environment EnvironmentFiles'),
    WithTests: 'nothing is built from source: `tests` says what must hold of the image',
    WithNetwork: 'say it of each step: `steps[].network`',
    ...names(network, 'ProxyUrl ProxyExclude ProxyPeerCertificate ProxyClientCertificate ProxyClientKey'),
    RepartOffline: 'disks are made without loop devices anyway',
    History: 'the engine keeps its builds: `lbuild list`',
  },
  Host: names(
    running,
    'QemuGui QemuSmp QemuMem QemuKvm QemuVsock QemuSwtpm QemuFirmware QemuCdrom QemuArgs Acl NSpawnSettings',
  ),
  Runtime: names(
    running,
    'Machine VirtualMachineMonitor Console CPUs RAM MaxMem KVM CXL VSock VSockCID TPM CDROM Removable Firmware FirmwareVariables Linux Drives QemuArgs Ephemeral Credentials KernelCommandLineExtra RuntimeTrees RuntimeSize RuntimeNetwork RuntimeScratch RuntimeBuildSources RuntimeHome UnitProperties SshKey SshCertificate ForwardJournal StorageTargetMode SysupdateDirectory Register BindUser',
  ),
  Config: {
    Profiles: 'one spec is one image: a template (`lbuild templates`) has what several have in common',
    Dependencies: 'one spec is one image, which needs no other',
    MinimumVersion: 'it is the version of mkosi',
    ConfigureScripts: scripts,
    PassEnvironment: 'environments are not passed on',
    Images: 'one spec is one image',
  },
  Include: { Include: 'other files are not read: import each by itself, and join the specs' },
};

/** Sections of conditions, which are dropped whole. */
export const conditions: Readonly<Record<string, string>> = {
  Match: 'there are no conditions: the file is taken over as if this one held',
  TriggerMatch: 'there are no conditions: the file is taken over as if this one held',
  UKIProfile: loader,
};
