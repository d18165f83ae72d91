import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLayerAccess } from '../../../containers/builder/agent/layer-access.ts';
import { ipxeScript } from '../../../containers/builder/programs/boot/ipxe-script.ts';
import { module } from '../../../containers/builder/programs/module.ts';
import { netboot } from '../../../containers/builder/programs/netboot.ts';
import { wsl } from '../../../containers/builder/programs/wsl.ts';
import { sha256 } from '../../../core/digest.ts';
import { builderRootForTests } from '../../support/builder-parts.ts';
import { layerMaker, restoreStored, shelfOf, type TestLayer } from '../../support/layer-shelf.ts';
import { rawCapability, setXattr } from '../../support/layer-trees.ts';
import { benchEpoch, runProgram } from '../../support/program-bench.ts';
import { stageStep } from '../../support/stage-engine.ts';
import { useFolders } from '../../support/temporary-folders.ts';
import { listTree } from '../../support/tree-listing.ts';

const newFolder = useFolders('netboot-and-wsl');
const layerOf = layerMaker(newFolder, benchEpoch);

/** Writes files into a tree, by path, with their folders. */
function plant(tree: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
}

let base: TestLayer;
let left: TestLayer;
let right: TestLayer;
let builderRoot = '';
beforeAll(async () => {
  builderRoot = await builderRootForTests();
  base = await layerOf('base', [], (tree) => {
    plant(tree, {
      'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
      'etc/hostname': 'edge-01\n',
      'usr/bin/ping': 'ping',
      'srv/gone': 'gone',
      'srv/old/a': 'a',
      'srv/one': 'linked',
      'boot/vmlinuz-6.1.0-9-amd64': 'older kernel',
      'boot/initrd.img-6.1.0-9-amd64': 'older initrd',
      'boot/vmlinuz-6.1.0-10-amd64': 'kernel',
      'boot/initrd.img-6.1.0-10-amd64': 'initrd',
    });
    symlinkSync('usr/bin', join(tree, 'bin'));
    linkSync(join(tree, 'srv/one'), join(tree, 'srv/two'));
    setXattr(join(tree, 'usr/bin/ping'), 'security.capability', rawCapability);
    mkdirSync(join(tree, 'dev/pts'), { recursive: true });
    execFileSync('mknod', [join(tree, 'dev/null'), 'c', '1', '3']);
    execFileSync('mkfifo', [join(tree, 'srv/fifo')]);
    execFileSync('chown', ['-h', '1234:70000', join(tree, 'bin'), join(tree, 'srv')]);
  });
  left = await layerOf('left', [base], (tree) => {
    rmSync(join(tree, 'srv/gone'));
    rmSync(join(tree, 'srv/old'), { recursive: true });
    writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  });
  right = await layerOf('right', [base], (tree) => plant(tree, { 'opt/deep/new': 'new' }));
}, 240_000);

const layers = () => [base, left, right];

/** What a step sees of layers below it; `needs` are steps of the layers, or the module. */
function accessOf(below: readonly TestLayer[], more: { readonly module?: string } = {}) {
  const names = below.map(({ reference }) => reference.step);
  const whole = stageStep({ id: 'module.whole', program: 'module', options: {}, needs: names, produces: 'module' });
  const packed = stageStep({ id: 'packed', program: 'any', options: {}, needs: [whole.id], produces: 'artifact' });
  const plain = stageStep({ id: 'plain', program: 'any', options: {}, needs: names, produces: 'artifact' });
  const shelf = shelfOf(below, [whole, packed, plain]);
  const { module: file } = more;
  if (file !== undefined) {
    const digest = sha256(readFileSync(file));
    shelf.putModule({ step: whole.id, digest, size: statSync(file).size, layers: names }, file);
  }
  return {
    of: (id: 'module.whole' | 'packed' | 'plain') =>
      openLayerAccess(shelf, { 'module.whole': whole, packed, plain }[id], async () => {}),
  };
}

/** The builder root shows the folder above the tree: that of all folders here. */
const bench = () => {
  const scratch = newFolder();
  return { tree: join(dirname(scratch), 'tree'), scratch, builderRoot, contained: true };
};

/** The module of the whole tree, by the program. */
async function wholeModule(below: readonly TestLayer[], options: { readonly level?: number } = {}): Promise<string> {
  const names = below.map(({ reference }) => reference.step);
  const access = accessOf(below).of('module.whole');
  const outcome = await runProgram(module, { layers: names, ...options }, { ...bench(), layers: access });
  if (outcome.module === undefined) throw new Error('there is no module');
  return outcome.module.file;
}

async function makeNetboot(whole: string, options: Readonly<Record<string, unknown>> = {}) {
  const made = await runProgram(
    netboot,
    { fileName: 'edge.netboot.tar', module: 'module.whole', cmdline: ['console=ttyS0', 'quiet'], ...options },
    { ...bench(), layers: accessOf(layers(), { module: whole }).of('packed') },
  );
  if (made.artifact === undefined) throw new Error('there is no artifact');
  return { ...made, file: made.artifact.file };
}

describe('a network boot', () => {
  it('holds the newest kernel that boots, the tree, and the script of iPXE', async () => {
    const whole = await wholeModule(layers());
    const { artifact, facts, file } = await makeNetboot(whole, { baseUrl: 'http://boot.example:8080/edge/' });
    expect(artifact).toMatchObject({ name: 'edge.netboot.tar', mediaType: 'application/x-tar' });
    expect(facts).toEqual({ kernel: '6.1.0-10-amd64' });
    const folder = newFolder();
    execFileSync('tar', ['-xf', file, '-C', folder]);
    const listed = execFileSync('tar', ['-tvf', file, '--numeric-owner'], { encoding: 'utf8', env: { TZ: 'UTC' } });
    expect(
      listed
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ +\d+ /, ' ')),
    ).toEqual(
      ['boot.ipxe', 'filesystem.squashfs', 'initrd.img', 'vmlinuz'].map(
        (name) => `-rw-r--r-- 0/0 2025-01-01 00:00 ${name}`,
      ),
    );
    const read = (name: string) => readFileSync(join(folder, name));
    expect([read('vmlinuz').toString(), read('initrd.img').toString()]).toEqual(['kernel', 'initrd']);
    expect(read('filesystem.squashfs').equals(readFileSync(whole))).toBe(true);
    expect(read('boot.ipxe').toString()).toContain(
      `kernel vmlinuz initrd=initrd.img boot=live fetch=\${base-url}filesystem.squashfs console=ttyS0 quiet\n`,
    );
  });

  it('has in its module the tree that all layers make, without deletions', async () => {
    const out = join(newFolder(), 'out');
    execFileSync('unsquashfs', ['-q', '-n', '-d', out, await wholeModule(layers())], { stdio: 'ignore' });
    const tree = newFolder();
    await restoreStored(tree, layers(), benchEpoch);
    expect(Object.fromEntries(await listTree(out))).toEqual(Object.fromEntries(await listTree(tree)));
  });

  it('is the same twice, and smaller by a higher level', async () => {
    const whole = await wholeModule(layers());
    expect(sha256(readFileSync(await wholeModule(layers())))).toBe(sha256(readFileSync(whole)));
    const digest = async () => sha256(readFileSync((await makeNetboot(whole)).file));
    expect(await digest()).toBe(await digest());
    const text = Array.from({ length: 60_000 }, (_, line) => `${line} ${(line * line) % 977} of a text`).join('\n');
    const large = await layerOf('large', [base], (tree) => plant(tree, { 'srv/text': text }));
    const size = async (level?: number) =>
      statSync(await wholeModule([base, large], level === undefined ? {} : { level })).size;
    expect(await size(19)).toBeLessThan(await size());
  });

  it('takes no link for a kernel, whatever the index says: it would lead to a file of the builder', async () => {
    const names = ['vmlinuz', 'initrd.img'].map((name) => `boot/${name}-6.1.0-10-amd64`);
    const forged = await layerOf('forged', [], (tree) => {
      mkdirSync(join(tree, 'boot'));
      for (const name of names) symlinkSync('/etc/hostname', join(tree, name));
    });
    await expect(makeNetboot(await wholeModule([forged]))).rejects.toThrow('is no file in the module');
  });

  it('is refused without a kernel that has an initial RAM file system', async () => {
    const bare = await layerOf('bare', [], (tree) => plant(tree, { 'boot/vmlinuz-1': 'kernel', 'etc/x': '' }));
    const access = accessOf([bare], { module: await wholeModule([bare]) }).of('packed');
    const options = { fileName: 'x', module: 'module.whole', cmdline: [] };
    await expect(runProgram(netboot, options, { ...bench(), layers: access })).rejects.toThrow('no kernel');
  });
});

describe('the script of iPXE', () => {
  const lines = (options: Parameters<typeof ipxeScript>[0]) =>
    ipxeScript(options)
      .split('\n')
      .filter((line) => line !== '' && !/^#[^!]?/.test(line.replace('#!ipxe', '')));

  it('sets the address in one line, and starts what lies beside it', () => {
    expect(ipxeScript({ baseUrl: 'http://a/', cmdline: [] }).split('\n')[0]).toBe('#!ipxe');
    expect(lines({ baseUrl: 'https://boot.example/edge/', cmdline: ['quiet'] })).toEqual([
      '#!ipxe',
      'set base-url https://boot.example/edge/',
      `kernel vmlinuz initrd=initrd.img boot=live fetch=\${base-url}filesystem.squashfs quiet`,
      'initrd initrd.img',
      'boot',
    ]);
  });

  it('asks iPXE where it is from where no address is given, and says so where that is not known', () => {
    const text = lines({ cmdline: [] });
    expect(text.slice(1, 3)).toEqual([`set base-url \${cwduri}`, `isset \${base-url} || goto unset`]);
    expect(text.slice(-3)).toEqual([':unset', 'echo boot.ipxe: set base-url to the address of its folder', 'exit 1']);
  });

  it.each(['a b', `\${x}`, 'a||b', "a'b", 'a"b', 'a\nb', 'a\\b', '#a', ''])('takes no argument %j', (word) => {
    expect(() => ipxeScript({ cmdline: ['quiet', word] })).toThrow('kernel.cmdline');
  });

  it.each(['http://a', 'ftp://a/', 'http://a b/', `http://a/\${b}/`, 'http://a/\nboot/', 'http://a/#b/'])(
    'takes no address %j',
    (baseUrl) => {
      expect(() => ipxeScript({ baseUrl, cmdline: [] })).toThrow('no address');
    },
  );
});

const settings = { fileName: 'edge.wsl', name: 'edge', hostname: 'edge-01' };

async function makeWsl(below: readonly TestLayer[], options: Readonly<Record<string, unknown>> = {}) {
  const log: string[] = [];
  const made = await runProgram(
    wsl,
    { ...settings, ...options },
    { ...bench(), layers: accessOf(below).of('plain'), log: (line) => log.push(line) },
  );
  if (made.artifact === undefined) throw new Error('there is no artifact');
  const bytes = readFileSync(made.artifact.file);
  const tree = newFolder();
  // Folders come first and files later: their times are set at the end.
  const extract = ['-xpf', '-', '-C', tree, '--numeric-owner', '--xattrs', '--xattrs-include=*'];
  extract.push('--delay-directory-restore');
  execFileSync('tar', extract, { input: gunzipSync(bytes) });
  return { ...made, bytes, tree, log, read: (path: string) => readFileSync(join(tree, path), 'utf8') };
}

describe('a distribution for WSL', () => {
  it('is the tree that the layers make, with two files of settings and without what lies in /dev', async () => {
    const { artifact, bytes, tree, read } = await makeWsl(layers(), { defaultUser: 'ops' });
    expect(artifact).toMatchObject({
      ...{ name: 'edge.wsl', mediaType: 'application/gzip' },
      written: { size: bytes.length, sha256: sha256(bytes) },
    });
    const whole = newFolder();
    await restoreStored(whole, layers(), benchEpoch);
    const [expected, found] = await Promise.all([listTree(whole), listTree(tree)]);
    expect([...expected.keys()].filter((path) => !found.has(path)).sort()).toEqual(['dev/null', 'dev/pts']);
    expect([...found.keys()].filter((path) => !expected.has(path)).sort()).toEqual([
      'etc/wsl-distribution.conf',
      'etc/wsl.conf',
    ]);
    const different = [...expected].filter(([path, line]) => found.has(path) && found.get(path) !== line);
    expect(different).toEqual([]);
    expect(found.get('etc/wsl.conf')).toMatch(new RegExp(`^file 644 0 0 ${benchEpoch} `));
    expect(read('etc/wsl-distribution.conf')).toBe('[oobe]\ndefaultName=edge\n');
    expect(read('etc/wsl.conf')).toBe('[network]\nhostname=edge-01\n\n[user]\ndefault=ops\n');
  });

  it('is the same twice, and ends as a tar does', async () => {
    const [one, two] = [await makeWsl(layers()), await makeWsl(layers())];
    expect(sha256(one.bytes)).toBe(sha256(two.bytes));
    expect(gunzipSync(one.bytes).length % 512).toBe(0);
    expect(
      gunzipSync(one.bytes)
        .subarray(-1_024)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it('starts systemd where it is /sbin/init, and no other user than root where none is named', async () => {
    const files = { 'etc/x': '', 'usr/lib/systemd/systemd': 'systemd' };
    const without = await layerOf('without', [], (tree) => plant(tree, files));
    expect((await makeWsl([without])).facts).toEqual({ systemd: 'no' });
    const booting = await layerOf('booting', [], (tree) => {
      plant(tree, files);
      mkdirSync(join(tree, 'usr/sbin'));
      symlinkSync('../lib/systemd/systemd', join(tree, 'usr/sbin/init'));
    });
    const { facts, read } = await makeWsl([booting]);
    expect(facts).toEqual({ systemd: 'yes' });
    expect(read('etc/wsl.conf')).toBe('[boot]\nsystemd=true\n\n[network]\nhostname=edge-01\n');
  });

  it("leaves the image's own settings as they are, and says so", async () => {
    const own = await layerOf('own', [], (tree) => {
      plant(tree, { 'etc/wsl.conf': '[user]\ndefault=own\n' });
      symlinkSync('/nowhere', join(tree, 'etc/wsl-distribution.conf'));
    });
    const { read, log, tree } = await makeWsl([own], { defaultUser: 'ops' });
    expect(read('etc/wsl.conf')).toBe('[user]\ndefault=own\n');
    expect((await listTree(tree)).get('etc/wsl-distribution.conf')).toContain('/nowhere');
    expect(log.join('\n')).toMatch(/\/etc\/wsl-distribution\.conf is the image's own[\s\S]*\/etc\/wsl\.conf is/);
  });

  it.each([
    ['is missing', (tree: string) => plant(tree, { 'srv/x': '' })],
    ['is a symlink', (tree: string) => symlinkSync('/srv', join(tree, 'etc'))],
  ])('is refused where /etc %s', async (_what, change) => {
    const odd = await layerOf('odd', [], change);
    await expect(makeWsl([odd])).rejects.toThrow('no folder /etc');
  });

  it('keeps a file of /dev to which a link from elsewhere leads', async () => {
    const linked = await layerOf('linked', [], (tree) => {
      plant(tree, { 'dev/data': 'data', 'etc/x': '' });
      linkSync(join(tree, 'dev/data'), join(tree, 'srv'));
    });
    expect((await makeWsl([linked])).read('srv')).toBe('data');
  });

  it('is refused where a layer is not what its digest says', async () => {
    const bytes = readFileSync(left.layerFile);
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 3] = (damaged[damaged.length - 3] ?? 0) ^ 1;
    writeFileSync(left.layerFile, damaged);
    try {
      await expect(makeWsl(layers())).rejects.toMatchObject({ code: 'layer.damaged' });
    } finally {
      writeFileSync(left.layerFile, bytes);
    }
  });
});
