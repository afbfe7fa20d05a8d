import type { Catalogue } from '../catalogue.ts';
import { alerts } from './alerts.ts';
import { counts } from './counts.ts';
import { figures } from './figures.ts';
import { report } from './report.ts';
import { settings } from './settings.ts';
import { states } from './states.ts';

export const fr: Catalogue = {
  alerts,
  counts,
  figures,
  report,
  settings,
  states,
};
