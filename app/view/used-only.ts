// Decides whether a job takes only used blocks. Pure.
import type { Plan } from '../contract/jobs.ts';
import { takesUsed } from '../contract/request-facts.ts';

/** True when only used blocks count. A continued job names no option itself; its notes say so. */
export const countsUsedOnly = ({ request, notes }: Pick<Plan, 'request' | 'notes'>): boolean =>
  takesUsed(request) || notes.some(({ kind }) => kind === 'usedOnly' || kind === 'usedZeros');
