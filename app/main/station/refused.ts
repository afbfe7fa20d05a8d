// Refusals of the window's calls about a station.
import type { PlatterError } from '../../contract/errors.ts';
import type { StationWish } from '../../contract/station.ts';
import { failure } from '../../base/errors.ts';

/** The refusal of a call about the station. */
export const refused = (
  kind:
    | 'stationArmed'
    | 'stationPlainOnly'
    | 'stationNoBay'
    | 'stationNotProposed'
    | 'stationSourceGone'
    | 'stationJobRuns',
): { ok: false; errors: PlatterError[] } => ({
  ok: false,
  errors: [failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind }, remedy: { kind: 'tryAgain' } })],
});

/** True for a copy that writes all of a source and leaves no other file. */
export const isPlain = ({ method, saveManifest }: StationWish['request']): boolean =>
  method.kind === 'write' && method.zeros !== 'assumed' && saveManifest === null;
