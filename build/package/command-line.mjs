// The parts of a package that are made from the command line's parser: the commands and options in the manual page, and
// the completions of bash. Runs on Node 22.18 or newer, which reads TypeScript.

const files = new Set(['FILE']);

/** Every command with its options, in the parser's order. */
async function described() {
  const { commands } = await import('../../app/cli/commands.ts');
  const program = commands({}, () => undefined);
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({
      name: command.name(),
      usage: command.usage(),
      description: command.description(),
      options: command.options.map(({ long, description, argChoices = null, flags }) => ({
        long,
        value: /<(.+)>/.exec(flags)?.[1] ?? null,
        choices: argChoices,
        description,
      })),
    }));
}

const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1');

/** The commands as lines of a synopsis. */
export async function synopsisInRoff() {
  const lines = (await described()).flatMap(({ name, usage }) =>
    usage.split('\n').map((line) => [name, line.trim().replace(`platter ${name} `, '')]),
  );
  return lines.map(([name, words]) => `.br\n.B platter ${name}\n${roff(words)}\n`).join('');
}

/** The commands as entries of a manual page. */
export async function commandsInRoff() {
  return (await described()).map(({ name, description }) => `.TP\n.B ${name}\n${roff(description)}\n`).join('');
}

/** The options as entries of a manual page. Commands that share an option with the same meaning share its entry. */
export async function optionsInRoff() {
  const entries = new Map();
  for (const { name, options } of await described())
    for (const { long, value, description } of options) {
      const key = [long, value, description].join('\0');
      const entry = entries.get(key) ?? { long, value, description, of: [] };
      entry.of.push(name);
      entries.set(key, entry);
    }
  return [...entries.values()]
    .map(({ long, value, description, of }) => {
      const flag = value === null ? `.B ${roff(long)}` : `.BI ${roff(long)} " ${roff(value)}"`;
      return `.TP\n${flag}\n${roff(description)} (${of.join(', ')})\n`;
    })
    .join('');
}

/** A script that bash loads when `platter` is completed for the first time. */
export async function bashCompletion() {
  const all = await described();
  const values = all.flatMap(({ options }) => options).filter(({ value }) => value !== null);
  const choices = new Map(values.filter((option) => option.choices !== null).map((one) => [one.long, one.choices]));
  const named = new Set(values.filter(({ value }) => files.has(value)).map(({ long }) => long));
  const others = new Set(values.map(({ long }) => long).filter((long) => !choices.has(long) && !named.has(long)));
  const cases = [
    ...[...choices].map(
      ([long, words]) => `    ${long}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word")); return ;;`,
    ),
    `    ${[...named].join('|')}) compopt -o default; return ;;`,
    `    ${[...others].join('|')}) return ;;`,
  ];
  const lists = all.map(
    ({ name, options }) => `    ${name}) options='${options.map(({ long }) => long).join(' ')}' ;;`,
  );
  return `# bash completion for platter, made of the program's own parser.
_platter() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} options=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${all.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case $before in
${cases.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
${lists.join('\n')}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options --help" -- "$word"))
  else
    compopt -o default
  fi
}
complete -F _platter platter
`;
}
