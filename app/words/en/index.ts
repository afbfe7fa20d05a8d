// The parts of a catalogue. Each concern has its own part, so that two people can work without conflicts.
import { again } from './window/again.ts';
import { alerts } from './window/alerts.ts';
import { batch } from './window/batch.ts';
import { bays } from './window/bays.ts';
import { causes } from './facts/causes.ts';
import { choose } from './window/choose.ts';
import { common } from './window/common.ts';
import { contents } from './facts/contents.ts';
import { counts } from './window/counts.ts';
import { details } from './window/details.ts';
import { devices } from './window/devices.ts';
import { dialogs } from './window/dialogs.ts';
import { download } from './window/download.ts';
import { driveList } from './window/drive-list.ts';
import { drives } from './facts/drives.ts';
import { ends } from './facts/ends.ts';
import { errors } from './window/errors.ts';
import { files } from './facts/files.ts';
import { figures } from './window/figures.ts';
import { help } from './window/help.ts';
import { history } from './window/history.ts';
import { image } from './window/image.ts';
import { interrupted } from './window/interrupted.ts';
import { job } from './window/job.ts';
import { joining } from './window/joining.ts';
import { notes } from './facts/notes.ts';
import { opened } from './window/opened.ts';
import { options } from './window/options.ts';
import { partitions } from './window/partitions.ts';
import { reasons } from './facts/reasons.ts';
import { remedies } from './facts/remedies.ts';
import { report } from './window/report.ts';
import { rescue } from './window/rescue.ts';
import { review } from './window/review.ts';
import { settings } from './window/settings.ts';
import { sockets } from './facts/sockets.ts';
import { source } from './window/source.ts';
import { speed } from './window/speed.ts';
import { station } from './window/station.ts';
import { states } from './window/states.ts';
import { tasks } from './window/tasks.ts';
import { used } from './window/used.ts';

export const en = {
  again,
  alerts,
  batch,
  bays,
  causes,
  choose,
  common,
  contents,
  counts,
  details,
  devices,
  dialogs,
  download,
  driveList,
  drives,
  ends,
  errors,
  files,
  figures,
  help,
  history,
  image,
  interrupted,
  job,
  joining,
  notes,
  opened,
  options,
  partitions,
  reasons,
  remedies,
  report,
  rescue,
  review,
  settings,
  sockets,
  source,
  speed,
  station,
  states,
  tasks,
  used,
} as const;
