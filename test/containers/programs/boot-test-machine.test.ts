import { spawn } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bootTest } from '../../../containers/builder/programs/boot-test.ts';
import { Guest } from '../../../containers/builder/programs/machine/guest.ts';
import { guestCredential } from '../../../containers/builder/programs/machine/guest-unit.ts';
import { type Line, openLine } from '../../../containers/builder/programs/machine/line-socket.ts';
import { Qmp } from '../../../containers/builder/programs/machine/qmp.ts';
import { sha256 } from '../../../core/digest.ts';
import { runProgram } from '../../support/program-bench.ts';
import { useFolders } from '../../support/temporary-folders.ts';

const newFolder = useFolders('machine');
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});
const soon = () => AbortSignal.timeout(20_000);

async function lineIn(folder: string, name: string): Promise<Line> {
  const line = await openLine(join(folder, name));
  ends.push(() => line.close());
  return line;
}

/** The shell that the unit starts, on the other end of the line, with a /run of its own. */
async function guestWithShell(): Promise<Guest> {
  const folder = newFolder();
  const [control, serial, guest] = [
    await lineIn(folder, 'control'),
    await lineIn(folder, 'serial'),
    await lineIn(folder, 'guest'),
  ];
  const shell = spawn('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs run /run && exec /bin/sh 2>&1']);
  const socket = connect(join(folder, 'guest'));
  socket.pipe(shell.stdin);
  shell.stdout.pipe(socket);
  ends.push(() => {
    shell.kill('SIGKILL');
    socket.destroy();
  });
  return new Guest(
    { qmp: new Qmp(control), serial, guest, ended: new Promise(() => undefined), stop: async () => undefined },
    'nonce123',
  );
}

describe('a shell in the machine', () => {
  it('answers each script with its exit code and what it said', async () => {
    const guest = await guestWithShell();
    expect(await guest.run('echo one; echo two >&2', 10, soon())).toEqual({ code: 0, output: 'one\ntwo' });
    expect(await guest.run('false\necho never', 10, soon())).toEqual({ code: 1, output: '' });
    expect(await guest.run('exit 7', 10, soon())).toEqual({ code: 7, output: '' });
    expect(await guest.run('read line', 10, soon())).toEqual({ code: 1, output: '' });
  });

  it('is not led astray by what a script is or says', async () => {
    const guest = await guestWithShell();
    expect(await guest.run(`echo "it's`, 10, soon())).toMatchObject({ code: 2 });
    expect(await guest.run("printf 'nonce123-2 0\\n'; exit 3", 10, soon())).toMatchObject({ code: 3 });
    expect((await guest.run('yes | head -c 100000', 10, soon()))?.output.length).toBeLessThan(2_100);
    expect(await guest.run("echo '$(id)'", 10, soon())).toEqual({ code: 0, output: '$(id)' });
  });

  it('ends a script whose time is over, and goes on', async () => {
    const guest = await guestWithShell();
    expect(await guest.run('sleep 60', 1, soon())).toEqual({ code: 124, output: '' });
    expect(await guest.run('echo next', 10, soon())).toEqual({ code: 0, output: 'next' });
  });

  it('answers nothing where nobody waits any more', async () => {
    const guest = await guestWithShell();
    expect(await guest.run('sleep 30', 60, AbortSignal.timeout(100))).toBeUndefined();
  });
});

describe('what is given to systemd', () => {
  it('is a credential of lines that make a rule and a unit, and nothing that QEMU would take apart', () => {
    const [name, lines = ''] = guestCredential().split(/=(.*)/);
    expect(name).toBe('io.systemd.credential.binary:tmpfiles.extra');
    expect(lines).toMatch(/^[A-Za-z0-9+/]+=*$/);
    const made = Buffer.from(lines, 'base64').toString('utf8').trim().split('\n');
    expect(made.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'd /run/udev/rules.d',
      'f~ /run/udev/rules.d/99-lbuild-test.rules',
      'd /run/systemd/system',
      'f~ /run/systemd/system/lbuild-test.service',
    ]);
    const unit = Buffer.from(made[3]?.split(' ').at(-1) ?? '', 'base64').toString('utf8');
    expect(unit).toMatch(/^\[Unit\]\n[\s\S]*\[Service\]\n[\s\S]*\nExecStart=\/bin\/sh -c '[^']+'\n$/);
  });
});

describe('the control connection', () => {
  it('finds its answers among events and others, in pieces, and tells what is refused', async () => {
    const folder = newFolder();
    const line = await lineIn(folder, 'control');
    const qmp = new Qmp(line);
    const peer = connect(join(folder, 'control'));
    ends.push(() => peer.destroy());
    peer.setEncoding('utf8').on('data', (text: string) => {
      for (const command of text.trim().split('\n')) {
        const { id, execute } = JSON.parse(command);
        const answer =
          execute === 'nonsense' ? { error: { class: 'x', desc: 'no such thing' } } : { return: { execute } };
        const said = JSON.stringify({ ...answer, id });
        peer.write('{"event":"VSERPORT_CHANGE","data":{"id":"port2","open":true},"timestamp":{}}\r\n');
        peer.write(said.slice(0, 5));
        setTimeout(() => {
          peer.write(`${said.slice(5)}\r\n`);
          if (execute === 'device_del')
            peer.write('{"event":"DEVICE_DELETED","data":{"device":"port2","path":"x"}}\r\n');
        }, 20);
      }
    });
    peer.write('{"QMP": {"version": {}}}\r\n');
    expect(await qmp.begin(soon())).toBe(true);
    expect(await qmp.ask('one', {}, soon())).toEqual({ execute: 'one' });
    await expect(qmp.ask('nonsense', {}, soon())).rejects.toThrow('QEMU refuses nonsense: no such thing');
    expect(await qmp.opens('port2', soon())).toBe(true);
    expect(await qmp.opens('port1', AbortSignal.timeout(50))).toBe(false);
    expect(await qmp.takeOut('port2', soon())).toBe(true);
    expect(await qmp.takeOut('port3', AbortSignal.timeout(200))).toBe(false);
    peer.destroy();
    expect(await qmp.ask('late', {}, soon())).toBeUndefined();
  });
});

describe('a disk that does not boot', () => {
  it('is not passed, with a picture of the screen, and stays as it was', async () => {
    const scratch = newFolder();
    const file = join(scratch, 'disk.img');
    writeFileSync(file, 'no boot sector');
    truncateSync(file, 1_048_576);
    const before = sha256(readFileSync(file));
    const log: string[] = [];
    const artifact = { file, size: 1_048_576, sha256: before };
    const refuse = () => Promise.reject(new Error('a test reads an artifact alone'));
    const outcome = await runProgram(
      bootTest,
      { output: 'raw', firmware: 'bios', timeoutSeconds: 5, assertions: [] },
      {
        ...{ tree: scratch, scratch, log: (line: string) => log.push(line) },
        layers: {
          ...{ paths: refuse, entriesSince: refuse, inputsOf: refuse, writeModuleTar: refuse, writeTreeTar: refuse },
          ...{ imageLayers: refuse, module: refuse, unpackTree: refuse },
          placeOf: () => Buffer.from('a test reads an artifact alone'),
          artifact: async () => artifact,
        },
      },
    );
    expect(outcome.test?.failure).toBe('raw with bios: the system was not up after 5 s: no shell in it answered');
    expect(outcome.facts).toMatchObject({ firmware: 'bios' });
    expect(outcome.facts).not.toHaveProperty('bootSeconds');
    expect(readFileSync(outcome.test?.log ?? '').length).toBeLessThan(10_000);
    const picture = readFileSync(outcome.test?.screen ?? '');
    expect(picture.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
    expect(picture.subarray(-8, -4).toString('latin1')).toBe('IEND');
    expect(sha256(readFileSync(file))).toBe(before);
    expect(log.join('\n')).toContain('console=ttyS0 would bring more');
  }, 60_000);
});
