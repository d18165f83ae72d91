import { lstat, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificates } from '../../../containers/builder/programs/certificates.ts';
import { configuration } from '../../../containers/builder/programs/configuration.ts';
import { certificates as samples } from '../../core/spec/certificate-samples.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const unit = (wantedBy: string) => `[Unit]\nDescription=x\n[Install]\nWantedBy=${wantedBy}\n`;
const tree = {
  ...smallTree,
  'etc/nftables.conf': 'old',
  'usr/lib/systemd/system/nftables.service': unit('sysinit.target'),
  'usr/lib/systemd/system/ssh.service': unit('multi-user.target'),
  'usr/lib/systemd/system/systemd-timesyncd.service': unit('sysinit.target'),
};
const nothing = { enable: [], disable: [] };

describe('configuration', () => {
  it('writes each section with its mode, and links its units', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, tree);
      const outcome = await runProgram(
        configuration,
        {
          ntp: { servers: ['a.example'] },
          firewall: {},
          sysctl: { 'vm.swappiness': '10' },
          modules: { load: ['dummy'], block: ['cramfs'] },
          ssh: { permitRootLogin: 'no' },
          cloudInit: { datasources: ['Ec2'] },
          updates: {},
          enable: ['nftables.service', 'ssh.service', 'systemd-timesyncd.service'],
          disable: ['not-there.service'],
        },
        folder,
      );
      expect(outcome.facts).toEqual({ files: '9' });
      const modes = {
        'etc/systemd/timesyncd.conf.d/lbuild.conf': 0o644,
        'etc/nftables.conf': 0o755,
        'etc/sysctl.d/99-spec-lbuild.conf': 0o644,
        'etc/modules-load.d/lbuild.conf': 0o644,
        'etc/modprobe.d/lbuild.conf': 0o644,
        'etc/ssh/sshd_config.d/40-lbuild.conf': 0o644,
        'etc/cloud/cloud.cfg.d/95-lbuild.cfg': 0o644,
        'etc/apt/apt.conf.d/20auto-upgrades': 0o644,
        'etc/apt/apt.conf.d/52lbuild-unattended-upgrades': 0o644,
      };
      for (const [path, mode] of Object.entries(modes)) {
        const found = await stat(join(folder.tree, path));
        expect([path, found.mode & 0o7777, found.uid, found.gid]).toEqual([path, mode, 0, 0]);
        expect(await readFile(join(folder.tree, path), 'utf8')).toContain('in the build spec.\n');
      }
      const links = join(folder.tree, 'etc/systemd/system');
      expect(await readlink(join(links, 'sysinit.target.wants/nftables.service'))).toBe(
        '/usr/lib/systemd/system/nftables.service',
      );
      expect(await readlink(join(links, 'multi-user.target.wants/ssh.service'))).toContain('ssh.service');
    }));

  it('links nothing where no unit is asked for, and takes away the links of one that is not wanted', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, tree);
      const link = join(folder.tree, 'etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service');
      await runProgram(configuration, { ssh: {}, ...nothing }, folder);
      await expect(lstat(join(folder.tree, 'etc/systemd'))).rejects.toThrow('ENOENT');
      const name = 'systemd-timesyncd.service';
      await runProgram(configuration, { ntp: {}, ...nothing, enable: [name] }, folder);
      await lstat(link);
      await runProgram(configuration, { ntp: { enabled: false }, ...nothing, disable: [name] }, folder);
      await expect(lstat(link)).rejects.toThrow('ENOENT');
    }));

  it('names a unit that is not there', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(
        runProgram(configuration, { firewall: {}, ...nothing, enable: ['nftables.service'] }, folder),
      ).rejects.toMatchObject({ code: 'step.failed', message: expect.stringMatching(/no unit nftables\.service/) });
    }));

  it.each([
    ['a server that ends its line', { ntp: { servers: ['a\nb'] } }],
    ['a value that ends its line', { sysctl: { 'vm.x': '1\nkernel.y = 2' } }],
    ['a source that ends its rule', { firewall: { allow: [{ port: '1', sources: ['::1 accept;'] }] } }],
  ])('takes no options with %s, whoever sends them', (_what, options) =>
    withBenchFolder(async (folder) => {
      expect(() => configuration.declaration.options.parse({ ...options, ...nothing })).toThrow();
      await expect(async () => runProgram(configuration, { ...options, ...nothing }, folder)).rejects.toThrow();
    }),
  );
});

describe('certificates', () => {
  const options = { certificates: [{ name: 'lbuild-f208f49ba623', content: samples.root }] };

  it('puts them where ca-certificates finds them, and has it run without the hooks of packages', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { 'usr/sbin/update-ca-certificates': '', 'etc/ca-certificates/update.d/java': '' });
      const commands: { argv: readonly string[]; inTree: boolean | undefined }[] = [];
      const said: string[] = [];
      await runProgram(certificates, options, {
        ...folder,
        log: (line) => said.push(line),
        exec: async (argv, given) => {
          commands.push({ argv, inTree: given?.inTree });
          return { code: 0, stdout: '' };
        },
      });
      const path = join(folder.tree, 'usr/local/share/ca-certificates/lbuild-f208f49ba623.crt');
      expect(await readFile(path, 'utf8')).toBe(samples.root);
      expect((await stat(path)).mode & 0o7777).toBe(0o644);
      expect(commands).toEqual([
        {
          argv: ['/usr/sbin/update-ca-certificates', '--hooksdir', '/etc/ca-certificates/no-hooks.d'],
          inTree: true,
        },
      ]);
      expect(said.join()).toMatch(/java/);
    }));

  it('names the package where the command is missing', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(runProgram(certificates, options, folder)).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringMatching(/the package ca-certificates/),
      });
    }));

  it('takes no name that leads elsewhere', () => {
    const elsewhere = { certificates: [{ name: '../../../etc/passwd', content: '' }] };
    expect(certificates.declaration.options.safeParse(elsewhere).success).toBe(false);
  });
});
