/** The largest file that is searched; what is larger is no file that somebody wrote by hand. */
export const largestSearched = 4 << 20;

/** What is searched for: a form that its maker gave it, so that hardly anything else has it. */
const forms: readonly { readonly kind: string; readonly form: RegExp }[] = [
  { kind: 'private key', form: /-----BEGIN (?:[A-Z]{2,10} )?(?:ENCRYPTED )?PRIVATE KEY(?: BLOCK)?-----/g },
  { kind: 'private key of PuTTY', form: /^PuTTY-User-Key-File-[0-9]:/gm },
  { kind: 'private key of WireGuard', form: /^[ \t]*PrivateKey[ \t]*=[ \t]*[A-Za-z0-9+/]{43}=/gm },
  { kind: 'private key of age', form: /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/g },
  { kind: 'access key of AWS', form: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { kind: 'secret key of AWS', form: /aws_secret_access_key[ \t]{0,8}[=:][ \t]{0,8}["']?[A-Za-z0-9/+]{40}\b/gi },
  { kind: 'token of GitHub', form: /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g },
  { kind: 'token of GitHub', form: /\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b/g },
  { kind: 'token of GitLab', form: /\bglpat-[A-Za-z0-9_-]{20,255}/g },
  { kind: 'token of Slack', form: /\bxox[abprs]-[A-Za-z0-9-]{10,255}/g },
  { kind: 'key of Stripe', form: /\b[rs]k_live_[A-Za-z0-9]{24,255}\b/g },
  { kind: 'key of Google', form: /\bAIza[A-Za-z0-9_-]{35}\b/g },
  { kind: 'token of npm', form: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { kind: 'token of PyPI', form: /\bpypi-AgEI[A-Za-z0-9_-]{50,255}/g },
  { kind: 'key of this engine', form: /\blbk_[A-Za-z0-9]{8,40}_[A-Za-z0-9_-]{20,100}\b/g },
  { kind: 'password in an address', form: /\bhttps?:\/\/[^\s/:@"'<>$]{1,100}:[^\s/:@"'<>$]{3,200}@/g },
];

/** A secret that was found; its text is told to nobody. */
export interface FoundSecret {
  readonly kind: string;
  readonly line: number;
}

/** What makers print in their documentation. */
const examples = /EXAMPLE|example\.(?:com|org|net)|xxxx|\*\*\*\*/i;

/** The secrets in a text, at most so many. Linear in its length. */
export function findSecrets(text: string, most: number): FoundSecret[] {
  const found: FoundSecret[] = [];
  for (const { kind, form } of forms) {
    for (const match of text.matchAll(form)) {
      if (found.length >= most) return found;
      const shown = text.slice(match.index, match.index + match[0].length + 40).split('\n', 1)[0] ?? '';
      if (!examples.test(shown)) found.push({ kind, line: lineAt(text, match.index) });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
