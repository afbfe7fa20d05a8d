// How the command line gets the rights to open disks: sudo where there is a terminal to ask on, else polkit, else it says
// what to type.
import type { Engine } from '../engine/client.ts';
import { elevatingEngine } from '../engine/elevating-engine.ts';
import { elevatedCommand, meansHere } from '../engine/elevation.ts';
import { stateDir } from '../engine/state-folder.ts';

/** `engine`, with a way to more rights. `terminal`: somebody sits at one; `say` tells them why they are asked. Root has all rights there are. */
export function withRights(engine: Engine, terminal: boolean, say: (sentence: string) => void): Engine {
  if (process.getuid?.() === 0) return engine;
  return elevatingEngine(engine, {
    elevated: () => elevatedCommand(meansHere(terminal), stateDir()) ?? { how: 'none', remedy: { kind: 'said', text: `Give Platter the rights: ${sudoCommand(process.argv)}` } },
    tell: (sentence) => {
      if (sentence !== null) say(sentence);
    },
  });
}

/** What somebody can type to do the same as root. `argv` is that of this process: Node or the packaged app, the program, its arguments. */
export function sudoCommand(argv: readonly string[], packaged = 'electron' in process.versions): string {
  const [node = '', program = '', ...args] = argv;
  return ['sudo', ...(packaged ? ['platter'] : [node, program]), ...args].map(quoted).join(' ');
}

/** As a shell reads it as one word. */
const quoted = (word: string): string => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
