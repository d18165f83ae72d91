import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capabilityView } from '../../core/spec/capability-view.ts';
import { exampleYaml } from '../functions/api/example-spec.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

describe('lbuild capabilities', () => {
  it('shows what can be built here, and what each output makes of a spec', async () => {
    const { code, out, err } = await cli.run(['capabilities']);
    expect([code, err]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines.slice(0, 6)).toEqual([
      'architectures  amd64',
      '               not arm64: Ask the operator for a builder of arm64.',
      'releases       bookworm (debian 12), trixie (debian 13), sid (debian unstable), jammy (ubuntu 22.04), noble (ubuntu 24.04)',
      'modes          contained privileged',
      'outputs        iso tar',
      '               not here: raw oci docker qcow2 vmdk vhd vhdx ova netboot wsl',
    ]);
    expect(out).toMatch(/^kernel\.cmdline +yes +yes +no \[(\d+)\] .*\n[\s\S]*^\[\1\] Not supported: it boots nothing/m);
    expect(out).toMatch(/^sizeMiB +no \[\d+\] +yes /m);
  });

  it('answers as one JSON document', async () => {
    const { code, out } = await cli.run(['capabilities', '--json']);
    expect([code, JSON.parse(out)]).toEqual([0, capabilityView(cli.api.ports.installation)]);
  });
});

describe('a spec for an architecture without a builder', () => {
  it.each(['validate', 'plan', 'start'])('is refused by lbuild %s, with what to do', async (verb) => {
    const spec = await fileIn(cli.folder, 'arm64.yaml', exampleYaml.replace('amd64', 'arm64'));
    const { code, out, err } = await cli.run([verb, spec]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(
      /arm64\.yaml:3:48: base\.architecture: .*cannot build for arm64.*\[spec\.unsupported_architecture\]/,
    );
    expect(err).toContain('Use amd64, or ask the operator for a builder of arm64.');
  });
});
