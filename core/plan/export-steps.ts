import type { ResolvedSpec } from '../spec/schema.ts';
import { type Chain, layersBelow } from './step-drafts.ts';

/** Adds the step of an output, with the module that it needs of its own. */
export function exportStep(
  chain: Chain,
  spec: ResolvedSpec,
  output: ResolvedSpec['outputs'][number],
  below: {
    /** The tree with all that boots it. */
    readonly tips: readonly string[];
    /** The tree alone. */
    readonly unbooted: readonly string[];
    readonly modules: readonly string[];
    /** All layers, lowest first. */
    readonly layers: readonly string[];
  },
): void {
  const { tips, unbooted, modules, layers } = below;
  const fileName = artifactName(spec.name, output.type);
  switch (output.type) {
    case 'iso': {
      const { hostname } = spec.system;
      const options = { fileName, modules, label: output.label, cmdline: spec.kernel.cmdline, hostname };
      chain.beside('iso', options, { needs: modules });
      break;
    }
    case 'raw':
    case 'qcow2':
    case 'vmdk':
    case 'vhd':
    case 'vhdx':
    case 'ova': {
      const { type, ...options } = output;
      const named = type === 'ova' ? { name: spec.name } : {};
      const { hostname } = spec.system;
      const layout = spec.disk === undefined ? {} : { layout: spec.disk };
      const given = { fileName, cmdline: spec.kernel.cmdline, hostname, ...options, ...named, ...layout };
      chain.beside(type, given, { needs: tips });
      break;
    }
    case 'tar':
      chain.beside('tar', { fileName }, { needs: tips });
      break;
    case 'oci':
    case 'docker': {
      const { type, ...image } = output;
      chain.beside(type, { fileName, layers: layersBelow(chain.drafts, unbooted), ...image }, { needs: unbooted });
      break;
    }
    case 'netboot': {
      const { baseUrl, compressionLevel: level } = output;
      // What starts from the network fetches one file: a module of the whole tree.
      const whole = moduleOf(chain, 'whole', layers, 'tenant', level === undefined ? {} : { level });
      const options = {
        fileName,
        module: whole,
        cmdline: spec.kernel.cmdline,
        ...(baseUrl === undefined ? {} : { baseUrl }),
      };
      chain.beside('netboot', options, { needs: [whole] });
      break;
    }
    case 'wsl': {
      const defaultUser = output.defaultUser ?? spec.users[0]?.name;
      const options = { fileName, name: spec.name, hostname: spec.system.hostname };
      chain.beside('wsl', { ...options, ...(defaultUser === undefined ? {} : { defaultUser }) }, { needs: unbooted });
      break;
    }
  }
}

/** Name of the file that an output makes. */
export function artifactName(name: string, type: ResolvedSpec['outputs'][number]['type']): string {
  const endings = {
    ...{ iso: 'iso', raw: 'img', tar: 'tar.zst', oci: 'oci.tar', docker: 'docker.tar' },
    ...{ qcow2: 'qcow2', vmdk: 'vmdk', vhd: 'vhd', vhdx: 'vhdx', ova: 'ova' },
    ...{ netboot: 'netboot.tar', wsl: 'wsl' },
  } as const;
  return `${name}.${endings[type]}`;
}

/**
 * Adds the module of some layers, lowest first; answers its id.
 * @param options.level of zstd, where it is not that of all modules
 */
export function moduleOf(
  chain: Chain,
  name: string,
  layers: readonly string[],
  scope: 'shared' | 'tenant',
  options: { readonly level?: number } = {},
): string {
  return chain.beside('module', { layers, ...options }, { id: `module.${name}`, scope, needs: layers });
}
