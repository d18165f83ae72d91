import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveFetch } from '../../../containers/builder/agent/archive-fetch.ts';
import { startFakeArchive } from '../../support/fake-archive.ts';

const launcher = join(import.meta.dirname, '../../../containers/builder/confine.pl');

/** What a command in one of the modes of confine.pl may do, by Perl's own calls. */
function rights(mode: 'contained' | 'tenant'): string[] {
  const script = `use strict; my ($header, $sets) = (pack('Ll', 0x20080522, 0), "\\0" x 24);
syscall(125, $header, $sets); printf "permitted %x\\n", (unpack 'L3', $sets)[1];
for my $family (1, 2, 10, 16, 17) { print "socket $family: ", syscall(41, $family, 2, 0) == -1 ? 'no' : 'yes', "\\n" }
my $root = '/'; print 'chroot: ', syscall(161, $root) == -1 ? 'no' : 'yes', "\\n";
print 'disk: ', syscall(133, "/tmp/lbuild-disk-$$", 060600, 0xfe00) == -1 ? 'no' : 'yes', "\\n"; unlink "/tmp/lbuild-disk-$$";
print 'no_new_privs: ', syscall(157, 39, 0, 0, 0, 0), "\\n";`;
  const ran = spawnSync('perl', [launcher, '--mode', mode, '--', 'perl', '-e', script]);
  expect(ran.stderr.toString('utf8')).toBe('');
  return ran.stdout.toString('utf8').trim().split('\n');
}

describe.skipIf(process.arch !== 'x64')('package tools of a tenant', () => {
  it('make no disk of the machine and no socket of the network, and do all else that package tools do', () => {
    expect(rights('tenant')).toEqual([
      // As below without MKNOD and NET_RAW.
      'permitted a00405fb',
      ...['socket 1: yes', 'socket 2: no', 'socket 10: no', 'socket 16: no', 'socket 17: no'],
      ...['chroot: yes', 'disk: no', 'no_new_privs: 1'],
    ]);
    expect(rights('contained')).toContain('permitted a80425fb');
    expect(rights('contained')).toContain('disk: yes');
  });

  it('start where a command drops rights by itself, as apt is started', () => {
    const argv = ['--mode', 'tenant', '--', 'setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin', 'true'];
    expect(spawnSync('perl', [launcher, ...argv]).status).toBe(0);
  });
});

describe('the archives that a stage asks', () => {
  const plain = { proxy: undefined, secretOf: () => Promise.reject(new Error('no archive asks for a secret')) };
  const init = { signal: AbortSignal.timeout(5_000) };

  it('are the operator’s wherever they are, and others at public or allowed hosts alone', async () => {
    const archive = await startFakeArchive([{ name: 'web' }]);
    try {
      const { port } = new URL(archive.url);
      const state = { suites: archive.state.suites.map((suite) => ({ ...suite, uri: `${archive.url}/pool` })) };
      const ask = archiveFetch({ manifest: { archive: state, steps: [] }, ...plain });
      expect((await ask(`${archive.url}/pool/web_1.0_all.deb`, init)).status).toBe(200);
      const before = archive.asked.length;
      for (const address of [
        `${archive.url}/pool/../dists/trixie/InRelease`,
        `${archive.url}/pooled`,
        `http://localhost:${port}/pool/web_1.0_all.deb`,
      ]) {
        await expect(ask(address, init)).rejects.toThrow('no public address');
      }
      expect(archive.asked).toHaveLength(before);
      const allowed = archiveFetch({
        manifest: { archive: state, privateArchiveHosts: ['localhost'], steps: [] },
        ...plain,
      });
      expect((await allowed(`http://localhost:${port}/pool/web_1.0_all.deb`, init)).status).toBe(200);
    } finally {
      await archive.remove();
    }
  });
});
