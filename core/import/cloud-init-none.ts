const names = (reason: string, keys: string): Readonly<Record<string, string>> =>
  Object.fromEntries(keys.split(' ').map((key) => [key, reason]));

const itself = 'it is about cloud-init itself: `cloudInit` installs it, and data of the cloud says the rest';
const manager = 'it is not set up: install it by `packages.install` and write its files in `files`';
const hostKeys = 'each machine makes its own host keys at its first boot';
const disks = 'further disks are a machine’s own: `disk.partitions` divides the disk of the image';

/** Keys of cloud-config without a counterpart, each with the reason and what to do. */
export const modulesWithout: Readonly<Record<string, string>> = {
  ...names(
    itself,
    'cloud_init_modules cloud_config_modules cloud_final_modules datasource system_info output log_cfgs logcfg reporting merge_how merge_type vendor_data manage_etc_hosts manual_cache_clean no_ssh_fingerprints syslog_fix_perms unverified_modules updates network def_log_file allow_public_ssh_keys',
  ),
  preserve_hostname: 'say it in `cloudInit.preserveHostname`, where the image has cloud-init',
  create_hostname_file: 'an image has a host name',
  mounts: 'write a unit of type .mount to /etc/systemd/system in `files` and enable it in `services`',
  mount_default_fields: 'write a unit of type .mount to /etc/systemd/system in `files` and enable it in `services`',
  ...names(disks, 'disk_setup fs_setup device_aliases'),
  power_state: 'a script of `firstBoot` may end with `systemctl reboot`',
  final_message: 'a script of `firstBoot` may end with an echo, which the journal has',
  phone_home: 'call the address with curl in a script of `firstBoot` that has `network: true`',
  ...names(
    hostKeys,
    'ssh_keys ssh_deletekeys ssh_genkeytypes ssh_publish_hostkeys ssh_quiet_keygen ssh_key_console_blacklist ssh_fp_console_blacklist ssh',
  ),
  ssh_import_id: 'keys are not fetched: give them in `users[].sshKeys`',
  ...names('snaps are not installed', 'snap snappy'),
  ...names(
    manager,
    'ansible chef puppet salt_minion mcollective landscape lxd wireguard rsyslog fan byobu_by_default spacewalk',
  ),
  ...names('it is for another distribution', 'yum_repos yum_repo_dir zypper rh_subscription apk_repos'),
  ...names('subscriptions are a machine’s own: attach it in a script of `firstBoot`', 'ubuntu_pro ubuntu_advantage'),
  apt_pipelining: 'write a file of /etc/apt/apt.conf.d in `files`',
  drivers: 'install the packages of the drivers by `packages.install`',
  random_seed: 'a seed in an image would be the same on all its machines',
  resolv_conf: 'write the file of your resolver in `files`',
  manage_resolv_conf: 'write the file of your resolver in `files`',
  autoinstall: 'it is for the installer of Ubuntu, which is not used: an image is installed already',
  grub_dpkg: 'the boot loader is the engine’s own',
  'grub-dpkg': 'the boot loader is the engine’s own',
  migrate: itself,
  disable_ec2_metadata: 'shut it out by a rule of your own in `files`',
  scripts_vendor: 'scripts of a vendor come with its data',
  vendor: 'scripts of a vendor come with its data',
};
