/** A day in UTC, so many from today on: a date of a document that must lie in the past or to come. */
export const dayFromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
