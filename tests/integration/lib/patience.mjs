// How much longer than on a quiet machine anything may take before a test calls it hung or late.
// The promises of seconds and milliseconds are held to as they are written where a person runs the
// tests; a machine of CI, shared with others, is given more. TOLLGATE_PATIENCE says it outright.
export const patience = Number(process.env.TOLLGATE_PATIENCE
  ?? (process.env.CI === 'true' ? 5 : 1));
