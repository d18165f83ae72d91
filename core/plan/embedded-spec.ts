import { canonicalJson } from '../digest.ts';
import { redactedSpec } from '../evidence/redaction.ts';
import { isBootable } from '../spec/capabilities.ts';
import type { ResolvedSpec } from '../spec/schema.ts';

/**
 * The text of the file that tells in an image what its tree is made of: a line of canonical JSON, redacted as evidence is.
 * What does not make the tree is left out: what is made of it, where its packages were read from or were pinned by, and
 * how it is called. So another output makes no step anew, and a build from the lock of a build gives its bytes.
 * @returns undefined where the spec does not ask for it
 */
export function embeddedSpecText(spec: ResolvedSpec): string | undefined {
  if (spec.embedSpec !== true) return undefined;
  const { name: _name, lock: _lock, disk: _disk, outputs, tests: _tests, ...judged } = spec;
  const { compliance: _compliance, vulnerabilities: _vulnerabilities, ...rest } = judged;
  const { snapshot: _snapshot, ...base } = spec.base;
  const { package: kernelPackage, modules } = spec.kernel;
  // Its default is filled in for specs too whose tree has no kernel.
  const installed = outputs.some(({ type }) => isBootable(type)) ? kernelPackage : undefined;
  const told = { ...rest, base, kernel: { package: installed, modules } };
  return `${canonicalJson(redactedSpec(told))}\n`;
}
