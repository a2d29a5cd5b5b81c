/** Exit codes of every subcommand. `degraded`: what was asked for was seen, and is not as it should be. */
export const exitCode = { healthy: 0, error: 1, usage: 2, degraded: 3 } as const;
