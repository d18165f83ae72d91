import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { cloudInitFiles } from '../../../containers/builder/programs/configuration/cloud-init.ts';
import type { ConfigurationFile } from '../../../containers/builder/programs/configuration/configuration-file.ts';
import { firewallFiles } from '../../../containers/builder/programs/configuration/firewall.ts';
import { kernelModuleFiles } from '../../../containers/builder/programs/configuration/kernel-modules.ts';
import { ntpFiles } from '../../../containers/builder/programs/configuration/ntp.ts';
import { sshFiles } from '../../../containers/builder/programs/configuration/ssh.ts';
import { sysctlFiles } from '../../../containers/builder/programs/configuration/sysctl.ts';
import { updatesFiles } from '../../../containers/builder/programs/configuration/updates.ts';
import { distributions } from '../../../core/distributions/registry.ts';
import { cloudInitEffects, cloudInitSchema } from '../../../core/spec/configuration/cloud-init.ts';
import { firewallEffects, firewallSchema } from '../../../core/spec/configuration/firewall.ts';
import { kernelModulesEffects, kernelModulesSchema } from '../../../core/spec/configuration/kernel-modules.ts';
import { ntpEffects, ntpSchema } from '../../../core/spec/configuration/ntp.ts';
import type { SectionEffects } from '../../../core/spec/configuration/section.ts';
import { sshEffects, sshPath, sshSchema } from '../../../core/spec/configuration/ssh.ts';
import { sysctlEffects, sysctlPath, sysctlSchema } from '../../../core/spec/configuration/sysctl.ts';
import { type Updates, updatesEffects, updatesSchema } from '../../../core/spec/configuration/updates.ts';

const ofDebian = (updates: Updates) => updatesFiles(updates, distributions.debian);
const ofUbuntu = (updates: Updates) => updatesFiles(updates, distributions.ubuntu);

/** Lines of each file but for the remark, by path. */
function linesOf(files: readonly ConfigurationFile[]): Record<string, string[]> {
  return Object.fromEntries(
    files.map(({ path, content }) => {
      expect(content.endsWith('\n')).toBe(true);
      return [
        path,
        content
          .split('\n')
          .slice(0, -1)
          .filter((line) => !/^(#|\/\/) Made of /.test(line)),
      ];
    }),
  );
}

const write = <Schema extends z.ZodType>(
  schema: Schema,
  files: (value: z.output<Schema>) => ConfigurationFile[],
  value: unknown,
) => linesOf(files(schema.parse(value)));

describe('the file of', () => {
  it('time names the servers, and is left out where there are none', () => {
    expect(write(ntpSchema, ntpFiles, { servers: ['a.example', '192.0.2.1'] })).toEqual({
      '/etc/systemd/timesyncd.conf.d/lbuild.conf': ['[Time]', 'NTP=a.example 192.0.2.1'],
    });
    expect(write(ntpSchema, ntpFiles, {})).toEqual({});
  });

  it('kernel parameters has a line each, sorted', () => {
    expect(write(sysctlSchema, sysctlFiles, { 'vm.swappiness': '10', 'kernel.core_pattern': '|/bin/x %p' })).toEqual({
      '/etc/sysctl.d/99-spec-lbuild.conf': ['kernel.core_pattern = |/bin/x %p', 'vm.swappiness = 10'],
    });
  });

  it.each([
    // systemd-sysctl takes the last of a parameter: behind procps of Debian 12, before the local file.
    ['kernel parameters', sysctlPath, ['50-pid-max.conf', '99-protect-links.conf'], ['99-sysctl.conf']],
    // sshd takes the first of a keyword.
    ['ssh', sshPath, [], ['50-cloud-init.conf']],
  ])('%s stands where it counts among those that packages bring', (_, path, before, after) => {
    const name = basename(path);
    expect([...after, name, ...before].sort()).toEqual([...before, name, ...after]);
  });

  it('modules loads in order, and blocks by alias and by name', () => {
    expect(write(kernelModulesSchema, kernelModuleFiles, { load: ['z', 'a'], block: ['usb-storage'] })).toEqual({
      '/etc/modules-load.d/lbuild.conf': ['z', 'a'],
      '/etc/modprobe.d/lbuild.conf': ['blacklist usb-storage', 'install usb-storage /bin/false'],
    });
    expect(write(kernelModulesSchema, kernelModuleFiles, {})).toEqual({});
  });

  it('ssh has what is given and nothing else', () => {
    const path = '/etc/ssh/sshd_config.d/40-lbuild.conf';
    expect(write(sshSchema, sshFiles, {})).toEqual({ [path]: [] });
    expect(write(sshSchema, sshFiles, { passwordAuthentication: true, x11Forwarding: true })).toEqual({
      [path]: ['PasswordAuthentication yes', 'X11Forwarding yes'],
    });
    const all = {
      ...{ ports: [22, 2_222], permitRootLogin: 'prohibit-password', passwordAuthentication: false },
      ...{
        allowUsers: ['abe', 'zoe'],
        allowGroups: ['ops'],
        x11Forwarding: false,
        allowTcpForwarding: false,
        maxAuthTries: 3,
      },
    };
    expect(write(sshSchema, sshFiles, all)).toEqual({
      [path]: [
        ...['Port 22', 'Port 2222', 'PermitRootLogin prohibit-password', 'PasswordAuthentication no'],
        ...['KbdInteractiveAuthentication no', 'AllowUsers abe zoe', 'AllowGroups ops', 'X11Forwarding no'],
        ...['AllowTcpForwarding no', 'MaxAuthTries 3'],
      ],
    });
  });

  it('cloud-init is the YAML that is meant, with the data sources in the one line that ds-identify reads', () => {
    const all = { datasources: ['NoCloud', 'None'], network: false, preserveHostname: true };
    const [file] = cloudInitFiles(cloudInitSchema.parse(all));
    expect(parse(file?.content ?? '')).toEqual({
      datasource_list: ['NoCloud', 'None'],
      network: { config: 'disabled' },
      preserve_hostname: true,
    });
    expect(file?.content).toMatch(/^datasource_list: \[ NoCloud, None \]$/m);
    expect(parse(cloudInitFiles(cloudInitSchema.parse({ datasources: ['Ec2'] }))[0]?.content ?? '')).toEqual({
      datasource_list: ['Ec2'],
    });
    // What dpkg-reconfigure writes names data sources too: of two the later wins.
    expect(['90_dpkg.cfg', file?.path.split('/').at(-1)].sort()[0]).toBe('90_dpkg.cfg');
  });

  it('updates takes what is asked for and nothing else', () => {
    const periodic = '/etc/apt/apt.conf.d/20auto-upgrades';
    const upgrades = '/etc/apt/apt.conf.d/52lbuild-unattended-upgrades';
    const often = (value: string) => [
      `APT::Periodic::Update-Package-Lists "${value}";`,
      `APT::Periodic::Unattended-Upgrade "${value}";`,
    ];
    expect(write(updatesSchema, ofDebian, { unattended: 'none' })).toEqual({ [periodic]: often('0') });
    expect(write(updatesSchema, ofDebian, { automaticReboot: true, rebootTime: '03:30' })).toEqual({
      [periodic]: often('1'),
      [upgrades]: [
        '#clear Unattended-Upgrade::Origins-Pattern;',
        `Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";`,
        'Unattended-Upgrade::Automatic-Reboot "true";',
        'Unattended-Upgrade::Automatic-Reboot-Time "03:30";',
      ],
    });
    expect(write(updatesSchema, ofDebian, { unattended: 'all' })[upgrades]).toEqual([
      '#clear Unattended-Upgrade::Origins-Pattern;',
      'Unattended-Upgrade::Origins-Pattern:: "origin=*";',
      'Unattended-Upgrade::Automatic-Reboot "false";',
    ]);
  });

  it('updates of Ubuntu clears the list that its package has beside the patterns', () => {
    const upgrades = '/etc/apt/apt.conf.d/52lbuild-unattended-upgrades';
    expect(write(updatesSchema, ofUbuntu, {})[upgrades]).toEqual([
      '#clear Unattended-Upgrade::Origins-Pattern;',
      '#clear Unattended-Upgrade::Allowed-Origins;',
      `Unattended-Upgrade::Origins-Pattern:: "origin=Ubuntu,archive=\${distro_codename}-security,label=Ubuntu";`,
      'Unattended-Upgrade::Automatic-Reboot "false";',
    ]);
  });
});

describe('the file of the firewall', () => {
  const path = '/etc/nftables.conf';
  const rulesOf = (value: object, chain: 'input' | 'forward') => {
    const lines = write(firewallSchema, firewallFiles, value)[path]?.map((line) => line.trim()) ?? [];
    const from = lines.indexOf(`chain ${chain} {`);
    return lines.slice(from + 1, lines.indexOf('}', from));
  };

  it('is a script of nft that replaces what was there', () => {
    const [file] = firewallFiles(firewallSchema.parse({}));
    expect(file?.mode).toBe(0o755);
    expect(file?.content).toMatch(/^#!\/usr\/sbin\/nft -f\n/);
    expect(write(firewallSchema, firewallFiles, { default: 'accept' })).toEqual({
      [path]: [
        ...['#!/usr/sbin/nft -f', '', 'flush ruleset', '', 'table inet filter {'],
        ...['\tchain input {', '\t\ttype filter hook input priority filter; policy accept;', '\t}'],
        ...['\tchain forward {', '\t\ttype filter hook forward priority filter; policy drop;', '\t}', '}'],
      ],
    });
  });

  it('lets in answers, the machine itself and what is allowed, by family and source', () => {
    const allow = [
      { port: '22', sources: ['10.0.0.0/8', '2001:db8::/32'] },
      { port: '60000-61000', protocol: 'udp' },
    ];
    const rules = rulesOf({ allow }, 'input').filter((line) => !line.startsWith('#'));
    expect(rules).toEqual([
      'type filter hook input priority filter; policy drop;',
      'ct state established,related accept',
      'iifname "lo" accept',
      'ct state invalid drop',
      'icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query } accept',
      'ip6 saddr fe80::/10 udp dport 546 accept',
      'icmp type echo-request accept',
      'icmpv6 type echo-request accept',
      'ip saddr 10.0.0.0/8 tcp dport 22 accept',
      'ip6 saddr 2001:db8::/32 tcp dport 22 accept',
      'udp dport 60000-61000 accept',
    ]);
  });

  it('answers no ping where that is not wanted, whatever else is let in', () => {
    expect(rulesOf({ allowPing: false }, 'input').join()).not.toContain('echo-request');
    expect(rulesOf({ allowPing: false, default: 'accept' }, 'input')).toEqual([
      'type filter hook input priority filter; policy accept;',
      'icmp type echo-request drop',
      'icmpv6 type echo-request drop',
    ]);
  });

  it('passes on between networks where that is wanted', () => {
    expect(rulesOf({ forward: 'accept' }, 'forward')).toEqual([
      'type filter hook forward priority filter; policy accept;',
    ]);
  });
});

/** The paths that a section is said to write, and those that it writes. */
const pathsOf = <Schema extends z.ZodType>(
  schema: Schema,
  effects: (value: z.output<Schema>) => SectionEffects,
  files: (value: z.output<Schema>) => ConfigurationFile[],
  ...values: unknown[]
) =>
  values.map((given) => {
    const value = schema.parse(given);
    return {
      said: effects(value).paths.toSorted(),
      written: files(value)
        .map(({ path }) => path)
        .sort(),
    };
  });

describe('the files of a section', () => {
  it('are those that its effects name, which a spec may not give', () => {
    const rows = [
      ...pathsOf(ntpSchema, ntpEffects, ntpFiles, {}, { servers: ['a'] }, { enabled: false }),
      ...pathsOf(firewallSchema, firewallEffects, firewallFiles, {}),
      ...pathsOf(sysctlSchema, sysctlEffects, sysctlFiles, {}),
      ...pathsOf(kernelModulesSchema, kernelModulesEffects, kernelModuleFiles, {}, { load: ['a'] }, { block: ['a'] }),
      ...pathsOf(sshSchema, sshEffects, sshFiles, {}),
      ...pathsOf(cloudInitSchema, cloudInitEffects, cloudInitFiles, { datasources: ['Ec2'] }),
      ...pathsOf(updatesSchema, updatesEffects, ofDebian, {}, { unattended: 'none' }),
    ];
    for (const { said, written } of rows) expect(written).toEqual(said);
    // The step that writes them is shown no more of the tree than this.
    expect(rows.flatMap(({ said }) => said).filter((path) => !path.startsWith('/etc/'))).toEqual([]);
  });
});
