import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildPreset } from '../support/built-presets.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { imageInfo } from '../support/qemu-img.ts';

it('the preset container-host runs a container of its own making, for root and for a user, and is small', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-presets-'));
  const directory = engineFolder();
  const engine = await startEngineInProcess(directory, { mode: 'contained' });
  try {
    const { image } = await buildPreset(engine, 'container-host', folder);
    const { size } = imageInfo(image, 'qcow2');
    expect(size).toBe(4_096 * 1_048_576);
    // The room for images of containers is not in the file.
    expect(statSync(image).size).toBeLessThan(size / 8);
  } finally {
    await engine.close();
    removeFolder(directory);
    rmSync(folder, { recursive: true, force: true });
  }
});
