/** Paths of all that a program reads and writes that links systemd's units: their folders, and the links in /etc. */
export const unitPaths = ['etc', 'lib/systemd', 'usr/lib/systemd', 'usr/local/lib/systemd'] as const;
