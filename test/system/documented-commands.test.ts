import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EngineDesk, openDesk } from '../docs/reader/desk.ts';
import { commandsToRun, runCommand } from '../docs/reader/read.ts';
import { scenes } from '../docs/reader/scenes.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';

/** The commands of the documents, as a reader runs them, one document after the other, against an engine that builds. */
const directory = engineFolder();
let engine: EngineInProcess;
beforeAll(async () => {
  engine = await startEngineInProcess(directory, {
    ...{ mode: 'contained', slots: 2 },
    // What some documents are about; no issuer is asked for anything here.
    settings: {
      'webhook-private-hosts': '127.0.0.1',
      ...{ 'oidc-issuer': 'https://issuer.example', 'oidc-audience': 'lbuild' },
    },
  });
});
afterAll(async () => {
  await engine?.close();
  removeFolder(directory);
});

describe.each(scenes)('$document', (scene) => {
  let desk: EngineDesk;
  beforeAll(async () => {
    desk = await openDesk(engine, scene.document.replace(/\W+/g, ' '));
    for (const [name, content] of Object.entries(scene.files ?? {})) await desk.file(name, content);
  });
  afterAll(async () => {
    await scene.after?.(desk);
    await desk?.close();
  });
  it.each(commandsToRun(scene))('%s', async (command) => {
    expect(await runCommand(desk, scene, command)).toBeUndefined();
  });
});
