/**
 * What went wrong, on one line of a message. The error of several addresses (AggregateError) has no message of its own:
 * those of its parts are joined. An error without a message gives its name.
 */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(errorText).join('; ');
  return error instanceof Error ? error.message.trim() || error.name : String(error);
}
