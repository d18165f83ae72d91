import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { type ContainerRegistry, openRegistry } from '../../../support/container-registry.ts';
import { project } from '../../../support/engine.ts';
import { smallSpec } from '../../../support/small-spec.ts';
import type { EngineDesk } from '../desk.ts';
import type { Scene } from '../scene.ts';

const built = (desk: EngineDesk): Promise<string> => desk.built();
const builtOtherwise = (desk: EngineDesk): Promise<string> =>
  desk.built([{ id: 'site', run: 'echo other > /srv/site' }]);
const spec = { 'image.yaml': JSON.stringify(smallSpec([])) };

const diffAndVerify: Scene = {
  document: 'docs/diff-and-verify.md',
  names: { A: built, B: builtOtherwise, ID: built },
  says: { 'npx lbuild diff A B --files': /srv\/site/ },
};

const evidence: Scene = {
  document: 'docs/evidence.md',
  names: { ID: built },
  says: { 'npx lbuild verify-artifact': /verified/ },
};

const lock: Scene = {
  document: 'docs/lock.md',
  files: spec,
  names: { ID: built },
  says: { 'npx lbuild lock': /[0-9a-f]{64}/, 'npx lbuild start': /bld_/ },
};

const sample = (name: string): string => readFileSync(path.join(project, 'test/core/import/samples', name), 'utf8');

const imports: Scene = {
  document: 'docs/import.md',
  files: {
    'blueprint.toml': sample('blueprint-web.toml'),
    'user-data': sample('user-data-web.yaml'),
    'mkosi.conf':
      '[Distribution]\nDistribution=debian\nRelease=trixie\n[Output]\nFormat=disk\n[Content]\nPackages=curl\n',
  },
  says: { 'npx lbuild import user-data': /"findings"/ },
};

const secrets: Scene = {
  document: 'docs/secrets.md',
  environment: { 'printf %s': { PASSWORD: 'correct horse' } },
  says: { 'npx lbuild secrets list': /site/ },
};

const uploads: Scene = {
  document: 'docs/uploads.md',
  files: { 'model.bin': 'a model' },
  names: {
    async DIGEST(desk) {
      for await (const { sha256 } of desk.client.uploads.list()) return sha256;
      throw new Error('there is no upload');
    },
  },
  says: { 'npx lbuild uploads add': /^[0-9a-f]{64} {2}model\.bin$/m },
};

/** A template of a system that is built in seconds. */
const { name: _, ...small } = smallSpec([]);
const webTemplate = {
  ...{ name: 'web', description: 'A web server', tags: ['web'] },
  parameters: { hostname: { type: 'string', format: 'hostname' } },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: how a template names its parameters
  spec: { ...small, system: { hostname: '${{ parameters.hostname }}' } },
};

const templates: Scene = {
  document: 'docs/templates.md',
  files: { 'web.yaml': stringify(webTemplate) },
  before: {
    // Who reviews a template has built of it.
    'npx lbuild templates review': async (desk) => {
      const { id } = await desk.client.startBuild({ template: 'web', name: 'shop', parameters: { hostname: 'shop' } });
      await desk.client.waitForBuild(id, { pollMilliseconds: 200 });
    },
    'npx lbuild templates deprecate': (desk) =>
      desk.prepare('sed "s/^name: web/name: edge/" web.yaml > edge.yaml && npx lbuild templates create edge.yaml'),
  },
  says: { 'npx lbuild templates ls': /^web /m, 'npx lbuild presets': /minimal/ },
};

/** A registry of container images, which speaks plain http. */
const registry = (desk: EngineDesk): Promise<ContainerRegistry> =>
  desk.once('registry', async () => {
    const opened = await openRegistry();
    await desk.prepare('mkdir -p .config/containers');
    const known = `[[registry]]\nlocation = "127.0.0.1:${opened.port}"\ninsecure = true\n`;
    await desk.file('.config/containers/registries.conf', known);
    return opened;
  });

/** The small image as a container image, in both forms, in the reader's folder. */
const containerImages = (desk: EngineDesk): Promise<void> =>
  desk.once('container images', async () => {
    const spec = { ...smallSpec([], 'edge'), outputs: [{ type: 'oci' as const }, { type: 'docker' as const }] };
    const { id } = await desk.client.startBuild(spec);
    await desk.client.waitForBuild(id, { pollMilliseconds: 200 });
    for (const name of ['edge.oci.tar', 'edge.docker.tar']) await desk.client.downloadArtifact(id, name, desk.folder);
  });

const containers: Scene = {
  document: 'docs/spec.md',
  names: { 'registry.example': async (desk) => `127.0.0.1:${(await registry(desk)).port}` },
  before: { 'podman load': containerImages },
  async after(desk) {
    const { manifests, close } = await registry(desk);
    await close();
    await desk.prepare('podman rmi localhost/edge');
    if (!manifests.has('edge:1.0')) throw new Error(`skopeo pushed ${[...manifests.keys()].join()} alone`);
  },
};

export const buildScenes = [containers, diffAndVerify, evidence, lock, imports, secrets, uploads, templates];
