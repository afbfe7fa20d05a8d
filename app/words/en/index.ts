// The parts of a catalogue: one a concern, so that who works on one touches no other.
import { alerts } from './alerts.ts';
import { counts } from './counts.ts';
import { figures } from './figures.ts';
import { report } from './report.ts';
import { settings } from './settings.ts';
import { states } from './states.ts';

export const en = {
  alerts,
  counts,
  figures,
  report,
  settings,
  states,
} as const;
