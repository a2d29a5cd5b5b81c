/** A failure that its reader can mend: shown as `error: <message>` and the remedy below it, without a stack trace. */
export class UserError extends Error {
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
    this.name = "UserError";
  }
}

/** What a person is shown of any error; the stack trace only when PGHA_DEBUG is set. */
export function describeError(error: unknown, debug = Boolean(process.env.PGHA_DEBUG)): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof UserError && error.remedy ? `\n  ${error.remedy.replaceAll("\n", "\n  ")}` : "";
  const hint = error instanceof UserError || debug ? "" : "\n  PGHA_DEBUG=1 shows where it comes from";
  return `error: ${message}${remedy}${hint}${debug && error instanceof Error ? `\n${error.stack}` : ""}\n`;
}
