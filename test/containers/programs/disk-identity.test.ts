import { describe, expect, it } from 'vitest';
import { fileSystemsTable } from '../../../containers/builder/programs/disk/file-systems-table.ts';
import { diskIdentity, partitionIdentity } from '../../../containers/builder/programs/disk/identity.ts';

const key = 'a1'.repeat(32);

describe('the table of file systems', () => {
  const identity = diskIdentity(key);

  it('keeps what the tree says of a place', () => {
    const mine = 'LABEL=EDGE / ext4 noatime 0 1\n';
    expect(fileSystemsTable(mine, identity)).toMatch(/^LABEL=EDGE \/ ext4 noatime 0 1\nUUID=\S+ \/boot\/efi vfat/);
  });

  it("is its own lines alone where the tree has Debian's placeholder", () => {
    const table = fileSystemsTable('# UNCONFIGURED FSTAB FOR BASE SYSTEM\n', identity);
    expect(table).toMatch(/^UUID=\S+ \/ ext4 [^\n]+\nUUID=\S+ \/boot\/efi [^\n]+\n$/);
  });

  it('takes no comment for a line', () => {
    expect(fileSystemsTable('# x / y\n', identity)).toMatch(/^# x \/ y\nUUID=\S+ \/ ext4/);
  });
});

describe('identities', () => {
  it('are as many as there are things, differ by key, and are UUIDs of version 8', () => {
    const idsOf = (of: string) => {
      const { efiSerial, ...ids } = diskIdentity(of);
      const places = ['/var', '/var/log'].map((mountPoint) => partitionIdentity(of, mountPoint));
      return {
        serials: [efiSerial, ...places.map(({ serial }) => serial)],
        ids: [...Object.values(ids), ...places.flatMap(({ serial: _, ...others }) => Object.values(others))],
      };
    };
    const [one, other] = [idsOf(key), idsOf('b2'.repeat(32))];
    expect(new Set([...one.ids, ...other.ids]).size).toBe(2 * (8 + 2 * 3));
    expect(new Set([...one.serials, ...other.serials]).size).toBe(2 * 3);
    for (const id of one.ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    for (const serial of one.serials) expect(serial).toMatch(/^[0-9a-f]{8}$/);
  });
});
