// The parts of a catalogue: one a concern, so that who works on one touches no other.
import { alerts } from './alerts.ts';
import { batch } from './batch.ts';
import { choose } from './choose.ts';
import { common } from './common.ts';
import { counts } from './counts.ts';
import { details } from './details.ts';
import { devices } from './devices.ts';
import { dialogs } from './dialogs.ts';
import { errors } from './errors.ts';
import { figures } from './figures.ts';
import { history } from './history.ts';
import { interrupted } from './interrupted.ts';
import { job } from './job.ts';
import { options } from './options.ts';
import { report } from './report.ts';
import { rescue } from './rescue.ts';
import { review } from './review.ts';
import { settings } from './settings.ts';
import { speed } from './speed.ts';
import { states } from './states.ts';

export const en = {
  alerts,
  batch,
  choose,
  common,
  counts,
  details,
  devices,
  dialogs,
  errors,
  figures,
  history,
  interrupted,
  job,
  options,
  report,
  rescue,
  review,
  settings,
  speed,
  states,
} as const;
