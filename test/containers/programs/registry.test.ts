import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { stepPrograms } from '../../../containers/builder/programs/registry.ts';
import { programs } from '../../../core/plan/programs/catalogue.ts';

/** The package of each command that programs call, in Debian. */
const packageOf: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'apt-get': 'apt',
  'apt-cache': 'apt',
  gpgv: 'gpgv',
  dpkg: 'dpkg',
  'dpkg-deb': 'dpkg',
  mknod: 'coreutils',
  proot: 'proot',
  chroot: 'coreutils',
  cp: 'coreutils',
  debugfs: 'e2fsprogs',
  mke2fs: 'e2fsprogs',
  setpriv: 'util-linux',
  systemctl: 'systemd',
  'systemd-tmpfiles': 'systemd',
  perl: 'perl-base',
  mksquashfs: 'squashfs-tools',
  'grub-mkimage': 'grub-common',
  mformat: 'mtools',
  mcopy: 'mtools',
  mmd: 'mtools',
  unsquashfs: 'squashfs-tools',
  'qemu-system-x86_64': 'qemu-system-x86',
  xorriso: 'xorriso',
  xz: 'xz-utils',
  tar: 'tar',
  zstd: 'zstd',
};
/** Essential, or priority required: in every builder root without being listed. */
const always = ['apt', 'gpgv', 'dpkg', 'coreutils', 'util-linux', 'perl-base', 'tar'];

describe('the registry', () => {
  it('has a program for each declaration, and no other', () => {
    expect(Object.keys(stepPrograms).sort()).toEqual(Object.keys(programs).sort());
    for (const [name, program] of Object.entries(stepPrograms)) expect(program.declaration.name).toBe(name);
  });

  it.each(Object.entries(programs))('%s declares what the planner relies on', (name, declaration) => {
    expect(stepPrograms[declaration.name].declaration).toBe(declaration);
    expect(declaration.summary).toMatch(/^[A-Z][^\n]+[^.]$/);
    expect(declaration.timeoutSeconds).toBeGreaterThan(0);
    expect(existsSync(join('containers/builder/programs', `${name}.ts`))).toBe(true);
  });

  it.each(Object.entries(programs))('%s takes strict options, each described', (_, declaration) => {
    const schema = z.toJSONSchema(declaration.options);
    expect(schema.additionalProperties).toBe(false);
    for (const property of Object.values(schema.properties ?? {})) {
      const described = typeof property === 'object' && (property.description ?? property.items) !== undefined;
      expect(described).toBe(true);
    }
  });

  it.each(Object.entries(programs))('the host tools of %s are in the builder root', async (_, declaration) => {
    const listed = (await readFile('containers/builder/packages.txt', 'utf8'))
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim().split(/\s+/)[0])
      .filter(Boolean);
    for (const tool of declaration.hostTools) {
      const name = packageOf[tool];
      expect(name, `${tool} has no package in this test's table`).toBeDefined();
      expect([...always, ...listed]).toContain(name);
    }
  });

  it.each(Object.entries(programs))('%s calls no command that it does not declare', async (name, declaration) => {
    const text = await readFile(join('containers/builder/programs', `${name}.ts`), 'utf8');
    for (const tool of Object.keys(packageOf)) {
      if (new RegExp(`\\[\\s*'${tool}'`).test(text)) expect(declaration.hostTools).toContain(tool);
    }
  });
});
