/** Errors of maintenance, as core/error-catalogue.ts has all of them. */
export const maintenanceErrors = {
  'service.maintenance': {
    status: 503,
    title: 'The installation takes no new builds for now',
    remedy: 'Wait for the seconds in Retry-After; what runs goes on. GET /v1/maintenance says why, and until when.',
  },
  'backup.engine_runs': {
    status: 409,
    title: 'The engine of the folder runs',
    remedy: 'End it first with `lbuild local down`; it goes on afterwards where it was.',
  },
  'backup.damaged': {
    status: 422,
    title: 'The backup is not whole',
    remedy: 'Restore another one: nothing was restored of this.',
  },
} as const;
