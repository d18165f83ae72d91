/** Bytes in the armor of a public key; the first one tells what they are. */
export function armored(first: number, more = 80): string {
  const body = Buffer.from([first, ...Array.from({ length: more }, (_, index) => index)]).toString('base64');
  const lines = body.match(/.{1,64}/g)?.join('\n') ?? '';
  return `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${lines}\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n`;
}

/** A packet of a public key, in the old form, as gpg writes it. */
export const publicKey = armored(0x98);

/** An archive of a spec, with members over it. */
export const sampleArchive = (more: object = {}) => ({
  ...{ name: 'site', url: 'https://packages.example/debian', suites: ['stable'], key: publicKey },
  ...more,
});
