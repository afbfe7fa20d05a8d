// JSON from other programs.

/** The value of a JSON text. undefined for invalid JSON, which no schema accepts. */
export function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
