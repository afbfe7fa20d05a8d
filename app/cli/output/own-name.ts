// The name by which the user starts this command line, for advice that is a command to type.

/** The commands that advice names. */
const COMMANDS = 'list|info|copy|check|verify|repair|resume|jobs|forget|history|report';
/** The name before a command of ours, but not in a path. */
const NAME = new RegExp(String.raw`(?<![\w/.-])platter (?=(?:${COMMANDS})\b)`, 'gu');

/** A package puts `platter` on the PATH. A checkout does not: npm starts it there, and names the script that it runs. */
export function ownName(env: NodeJS.ProcessEnv): string {
  if (env.npm_package_name !== 'platter') return 'platter';
  if (env.npm_lifecycle_event === 'start') return 'npm start --';
  return env.npm_lifecycle_event === 'npx' ? 'npx platter' : 'platter';
}

/** `text` with the commands in it as they are typed here. */
export const asStarted = (text: string, name = ownName(process.env)): string =>
  name === 'platter' ? text : text.replaceAll(NAME, `${name} `);
