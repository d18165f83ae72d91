import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planPreviewSchema } from '../../core/plan/preview.ts';
import { exampleYaml } from '../functions/api/example-spec.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let spec: string;
beforeAll(async () => {
  cli = await openCli();
  spec = await fileIn(cli.folder, 'spec.yaml', exampleYaml);
});
afterAll(() => cli?.close());

describe('lbuild plan', () => {
  it('tells stages, steps, reasons, the critical path and the estimate, and starts nothing', async () => {
    const { code, out, err } = await cli.run(['plan', spec]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^s1 {2}service: .* \(2 vCPU, \d+ GiB, disk \d+ GiB\)$/m);
    expect(out).toMatch(/^ {4}bootstrap +miss {2}~13\.0 s +nothing is cached yet$/m);
    expect(out).toMatch(/^critical path {2}bootstrap -> kernel -> .*(iso|tar)$/m);
    expect(out).toMatch(/^cost +0\.\d{4} USD \(Fargate, us-east-1, prices of \d{4}-\d{2}-\d{2}\)$/m);
    expect((await cli.run(['list'])).out).toBe('');
  });

  it('answers one JSON document, or the graph as Mermaid', async () => {
    const json = await cli.run(['plan', spec, '--json']);
    const plan = planPreviewSchema.parse(JSON.parse(json.out));
    expect([json.code, plan.name]).toEqual([0, 'edge-web']);
    const mermaid = await cli.run(['plan', spec, '--mermaid']);
    expect([mermaid.code, mermaid.out]).toEqual([0, plan.mermaid]);
  });

  it('writes the graph as SVG beside the table', async () => {
    const file = path.join(cli.folder, 'graph.svg');
    const { code, out } = await cli.run(['plan', spec, '--svg', file]);
    expect([code, out]).toEqual([0, expect.stringContaining('critical path')]);
    expect(await readFile(file, 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
    const nowhere = await cli.run(['plan', spec, '--svg', path.join(cli.folder, 'no', 'graph.svg')]);
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('[cli.file_unwritable]')]);
  });

  it('exits 2 for a spec with errors and names them, and 6 where the archive does not answer', async () => {
    const wrong = await fileIn(cli.folder, 'wrong.yaml', exampleYaml.replace('packages:', 'pakages:'));
    const refused = await cli.run(['plan', wrong]);
    expect([refused.code, refused.out]).toEqual([2, '']);
    expect(refused.err).toContain('[spec.unknown_key]');
    const other = await fileIn(cli.folder, 'other.yaml', exampleYaml.replace('trixie', 'bookworm'));
    const unreachable = await cli.run(['plan', other]);
    expect([unreachable.code, unreachable.err]).toEqual([6, expect.stringContaining('[archive.unreachable]')]);
  });
});
