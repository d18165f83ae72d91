import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { failureText } from '../../cli/build-report.ts';
import { elapsed } from '../../cli/elapsed.ts';
import { startEngine, stopEngine } from '../../cli/local-engine.ts';
import { createProgress, streamTarget } from '../../cli/progress.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { ensureBuilderRoot } from '../builder-root.ts';

/**
 * The second part of the quickstart, on Node 24: the builder root, an engine of its own on loopback, the minimal preset
 * posted through the HTTP API, live progress, the ISO verified in out/. Ends everything that it started, whatever
 * happens. `--keep` leaves the engine's folder and the engine for more builds.
 */
const project = dirname(dirname(import.meta.dirname));
const { values } = parseArgs({
  options: {
    began: { type: 'string' },
    archive: { type: 'string' },
    'archive-security': { type: 'string' },
    spec: { type: 'string', default: join(project, 'presets/minimal.yaml') },
    keep: { type: 'boolean', default: false },
  },
});
const began = Number(values.began ?? Date.now());
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const credentialsSchema = z.looseObject({ url: z.url(), apiKey: z.string() });

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));

async function main(): Promise<number> {
  const archive = [
    ...(values.archive === undefined ? [] : ['--archive', values.archive]),
    ...(values['archive-security'] === undefined ? [] : ['--archive-security', values['archive-security']]),
  ];
  const builderRoot = await ensureBuilderRoot({
    project,
    log: say,
    ...(values.archive === undefined ? {} : { archive: values.archive }),
  });
  interrupted.signal.throwIfAborted();
  // A folder of its own, so that an engine that runs already is left alone; the cache of packages is shared.
  const folder = values.keep ? join(project, '.lbuild') : mkdtempSync(join(tmpdir(), 'lbuild-quickstart-'));
  try {
    say('Starting the engine on loopback.');
    await startEngine(folder, ['--builder-root', builderRoot.directory, '--cache', builderRoot.cache, ...archive]);
    return await build(folder);
  } finally {
    if (values.keep) say(`The engine goes on in ${relative(project, folder)}: npx lbuild local down ends it.`);
    else {
      await stopEngine(folder);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function build(folder: string): Promise<number> {
  const credentials = credentialsSchema.parse(JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8')));
  const client = new LinuxBuilderClient(credentials);
  const text = readFileSync(values.spec, 'utf8');
  const started = await client.startBuild({ text, mediaType: 'application/yaml' });
  say(`Building ${relative(project, values.spec)} as ${started.id}.`);
  const progress = createProgress(streamTarget(process.stdout, process.env), () => performance.now());
  const ended = await client.waitForBuild(started.id, {
    onProgress: (state) => progress.update(state),
    signal: interrupted.signal,
    pollMilliseconds: 500,
  });
  progress.end();
  if (ended.state !== 'succeeded') {
    process.stderr.write(`${failureText(ended) ?? `The build is ${ended.state}.`}\n`);
    return 1;
  }
  for (const stage of ended.stages) {
    for (const step of stage.steps) {
      const time = step.milliseconds === undefined ? 0 : step.milliseconds.program + step.milliseconds.capture;
      say(`  ${stage.id}  ${step.id.padEnd(12)} ${step.hit ? 'cached' : `${(time / 1000).toFixed(1)} s`}`);
    }
  }
  const out = join(project, 'out');
  mkdirSync(out, { recursive: true });
  for (const artifact of await client.builds.listArtifacts(started.id)) {
    const file = await client.downloadArtifact(started.id, artifact.name, out);
    handToCaller([out, file.path]);
    say(
      `\n${relative(project, file.path)}  ${(artifact.size / 1e6).toFixed(0)} MB  sha256 ${artifact.sha256} (verified)`,
    );
    if (artifact.type === 'iso') sayHowToBoot(relative(process.cwd(), file.path));
  }
  say(`\nDone in ${elapsed(Date.now() - began)}.`);
  return 0;
}

function sayHowToBoot(file: string): void {
  say('\nBoot it:');
  say(`  BIOS  qemu-system-x86_64 -m 2048 -nographic -cdrom ${file}`);
  say(`  UEFI  qemu-system-x86_64 -m 2048 -nographic -bios /usr/share/ovmf/OVMF.fd -cdrom ${file}`);
  say(`  USB   sudo dd if=${file} of=/dev/sdX bs=4M conv=fsync   (sdX: the stick; all on it is lost)`);
}

/** Under sudo the image belongs to whoever asked for it. */
function handToCaller(files: readonly string[]): void {
  const [uid, gid] = [Number(process.env.SUDO_UID), Number(process.env.SUDO_GID)];
  if (process.getuid?.() !== 0 || !Number.isInteger(uid) || !Number.isInteger(gid)) return;
  for (const file of files) chownSync(file, uid, gid);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`\nquickstart: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
