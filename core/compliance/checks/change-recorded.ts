import { check } from '../check.ts';
import { fail, manual, pass } from '../verdicts.ts';

/** What the image was made of and who let it pass is on record. */
export const changeRecorded = check({
  id: 'change-recorded',
  title: 'The image has signed provenance, bills of materials and an approval',
  severity: 'medium',
  tag: 'site',
  clauses: { soc2: ['CC8.1'], 'pci-dss': ['6.5.1'] },
  how: 'The build has signed evidence, and somebody approved it. An installation without a policy of approvals cannot show the latter.',
  remedy: 'Make a policy of approvals for these builds, or waive this with where changes are approved.',
  judge({ build: { evidence, specDigest, approvals } }) {
    if (!evidence) return fail('the build has no signed evidence');
    const told = `provenance.dsse.json, sbom.spdx.json, sbom.cdx.json; spec ${specDigest}`;
    return approvals > 0
      ? pass(told, `${approvals} approvals`)
      : manual(told, 'nobody approved it: no policy asks for that');
  },
});
