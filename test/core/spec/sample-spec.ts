import type { Abilities } from '../../../core/spec/check.ts';
import { outputTypes } from '../../../core/spec/releases.ts';

/** An installation that builds all there is. */
export const everything: Abilities = { architectures: ['amd64', 'arm64'], outputs: outputTypes };

/** The shortest spec, with a fragment over it. */
export function sampleSpec(fragment: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    schemaVersion: 1,
    name: 'sample',
    base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' },
    ...fragment,
  };
}

/** A line of authorized_keys made of the fields of its encoded key (RFC 4251 5: length-prefixed strings). */
export function publicKeyLine(type: string, fields: readonly Uint8Array[], comment = 'someone'): string {
  const parts = [Buffer.from(type), ...fields].flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, Buffer.from(field)];
  });
  return `${type} ${Buffer.concat(parts).toString('base64')} ${comment}`.trim();
}

/** Keys made by ssh-keygen, and a security key by the form that OpenSSH's PROTOCOL.u2f gives. */
export const publicKeys = {
  ed25519: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQ09QA2OE0Z/j7TUJGP6bIGxfJ05MuMu8NNvgrUNlJY a b',
  rsa: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDBSrGHfw9trS5rJjIdg4sKvGCBQJrkMmZacPtvUp7nDREbLb9c73GdruyuqIwIetUz2P3s5RXo9Okd5vkx40c4frEh10Bywwbrbjp6OWHqSKs6Kg9YGC7UUGAIFlsDLzCzP92eaRqpXIE0b/AO6m1h8XfF551KyQ5LnN408RQWmw== a b',
  p256: 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDg5v7QH1u2AxImexRVjDNgf6shd0+/tWD8dNYijSi9C7aVNj8+8bLXBj/0UDjJF/X9R0K5wu0FzLZhs4Zsni1M=',
  p384: 'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBKWqN83AXi4TzHgvfrUS9kL31cbdslk0hoapX4fhkMWEX2JMWP0iGh1rNIaHad8ZGT7oceLq5M9BQADtrQwkGkHWpz3nKmAMTL3C6fXvl1rC5wbuz9+k+PvVgu1MCw8LSQ== a b',
  p521: 'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAFlp03PyMAf86mfU5+CrskAmti2rubLhZit0Zx6MHtvK8hciokOQAAEo1M8UAokMOSy/QKRkYDIaJmtNgdwgH7LJgElJofAUm00xXuxDY0N3bE8/u4Zp0YntgnZaOytLJuimpeyF3kMfQTwRf+VU3GfK7QLK2p8cZMknWxRgXmFpg8G8w== a b',
  securityKey: publicKeyLine('sk-ssh-ed25519@openssh.com', [new Uint8Array(32).fill(7), Buffer.from('ssh:')]),
} as const;

/** Hashes made by crypt(3). */
export const passwordHashes = {
  yescrypt: '$y$j9T$tWVqdQ3dMFFuKaFwDr.6C/$Ll6qY62G3GixD6YVIzWVI6OM8w0dJBu34e87ul/m6f0',
  sha512: '$6$abcdefgh$D7W7qyozKBT.t6FD3DVYHvADbIO0eSyI4.p20LaEUjro8PqTGYYo/EQcuNjhFbzo9Yg5ir1KIEqFY/yJpgFph0',
  sha512Rounds:
    '$6$rounds=5000$abc$K4v3HcZ8yAmpRfxML6S46NCcqy9r4/KdbQpFvqSWsBf4dgySOEOo1DHJTrmn2BsJK2aNmPN8Tfb826D2o9.z51',
  sha256: '$5$abc$sCOGUciM.GdmYMCUvmUcgu03oRH87O0clF96.9mwWGB',
  bcrypt: '$2b$05$abcdefghijklmnopqrstuuhKF09ZYWwH2zP/0fwE1X8e/Q1YNx/hO',
} as const;
