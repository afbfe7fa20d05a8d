// JSON of other programs.

/** The value of a JSON text; undefined, which no schema accepts, for anything else. */
export function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
