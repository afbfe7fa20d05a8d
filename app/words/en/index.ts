// The parts of a catalogue: one a concern, so that who works on one touches no other.
import { alerts } from './alerts.ts';
import { batch } from './batch.ts';
import { causes } from './causes.ts';
import { choose } from './choose.ts';
import { common } from './common.ts';
import { contents } from './contents.ts';
import { counts } from './counts.ts';
import { details } from './details.ts';
import { devices } from './devices.ts';
import { dialogs } from './dialogs.ts';
import { drives } from './drives.ts';
import { ends } from './ends.ts';
import { errors } from './errors.ts';
import { files } from './files.ts';
import { figures } from './figures.ts';
import { history } from './history.ts';
import { interrupted } from './interrupted.ts';
import { job } from './job.ts';
import { notes } from './notes.ts';
import { options } from './options.ts';
import { reasons } from './reasons.ts';
import { remedies } from './remedies.ts';
import { report } from './report.ts';
import { rescue } from './rescue.ts';
import { review } from './review.ts';
import { settings } from './settings.ts';
import { sockets } from './sockets.ts';
import { speed } from './speed.ts';
import { states } from './states.ts';
import { tasks } from './tasks.ts';

export const en = {
  alerts,
  batch,
  causes,
  choose,
  common,
  contents,
  counts,
  details,
  devices,
  dialogs,
  drives,
  ends,
  errors,
  files,
  figures,
  history,
  interrupted,
  job,
  notes,
  options,
  reasons,
  remedies,
  report,
  rescue,
  review,
  settings,
  sockets,
  speed,
  states,
  tasks,
} as const;
