import { outputTypes } from '../core/spec/releases.ts';
import { engineFolder, removeFolder, startTestEngine } from '../test/support/engine.ts';
import { formsSpec } from '../test/support/forms-spec.ts';

/**
 * `npm run bench:exports`: every output alone, of one tree whose layers are cached: the minimal system of bookworm with
 * its kernel, openssh-server, curl and vim-tiny. Prints a row of a table for each: the export's own program, the whole
 * build from submit to end, and the file. The layers that all share are made before, and are no part of a row.
 */
const directory = engineFolder();
const mib = 1_048_576;
const engine = await startTestEngine(directory);
try {
  // Kernel arguments would be refused where nothing boots.
  const spec = { ...formsSpec('bookworm'), kernel: {}, packages: { install: ['openssh-server', 'curl', 'vim-tiny'] } };
  const source = (types: readonly string[]) => {
    const outputs = (spec.outputs ?? []).filter(({ type }) => types.includes(type));
    return { text: JSON.stringify({ ...spec, outputs }), mediaType: 'application/json' } as const;
  };
  const build = async (types: readonly string[]) => {
    const started = await engine.client.startBuild(source(types));
    const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 100 });
    if (ended.state !== 'succeeded') throw new Error(`the build ${ended.state}: ${ended.failure?.reason}`);
    return ended;
  };
  // What boots has layers of its own, and ISO and network boot have a module.
  await build(['iso', 'raw', 'tar']);
  for (const type of outputTypes) {
    await build([type]);
    const { steps } = await engine.client.builds.preview(source([type]));
    await engine.client.cache.remove(steps.find(({ id }) => id === type)?.key ?? '');
    const ended = await build([type]);
    const step = ended.stages.flatMap((stage) => stage.steps).find(({ id }) => id === type);
    if (step?.hit !== false) throw new Error(`${type} was taken from the cache`);
    const [artifact] = await engine.client.builds.listArtifacts(ended.id);
    const whole = (Date.parse(ended.endedAt ?? '') - Date.parse(ended.submittedAt)) / 1_000;
    const own = (step.milliseconds?.program ?? 0) / 1_000;
    console.log(
      `| ${type} | ${own.toFixed(1)} | ${whole.toFixed(1)} | ${((artifact?.size ?? 0) / mib).toFixed(0)} MiB |`,
    );
  }
} finally {
  await engine.stop();
  removeFolder(directory);
}
