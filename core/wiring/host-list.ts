import { z } from 'zod';

/**
 * Hosts as configuration writes them, names or IPv4 addresses parted by commas: `archive.internal,127.0.0.1`. Gives them
 * one by one, in lower case.
 */
export const hostListSchema = z
  .string()
  .max(4_096)
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*(?:, *[A-Za-z0-9][A-Za-z0-9.-]*)*$/, 'not a list of hosts parted by commas')
  .transform((text) => text.toLowerCase().split(/, */));
