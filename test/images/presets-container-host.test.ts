import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { presetBench } from '../support/built-presets.ts';
import { imageInfo } from '../support/qemu-img.ts';

const { buildPreset } = presetBench();

it('the preset container-host runs a container of its own making, for root and for a user, and is small', async () => {
  const { image } = await buildPreset('container-host');
  const { size } = imageInfo(image, 'qcow2');
  expect(size).toBe(4_096 * 1_048_576);
  // The room for images of containers is not in the file.
  expect(statSync(image).size).toBeLessThan(size / 8);
});
