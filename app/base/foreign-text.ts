// Text of other people's files in our messages. Pure.

/** The most characters of one such text that are shown. A line or a name in a file can have a million. */
const START = /^.{0,300}/su;

/** The start of `text`, with an ellipsis for the rest. */
export const shortened = (text: string): string => {
  const start = START.exec(text)?.[0] ?? '';
  return start.length < text.length ? `${start}…` : text;
};
