// A job's errors as lines on stderr. A bad stretch of a drive can fail in hundreds of places. The first place of each
// failure is printed at once, with the advice. The others follow at the end, in order, with neighbours joined and
// without the advice.
import type { JobError } from '../../contract/errors.ts';
import type { JobView } from '../../contract/window.ts';
import { failureKey } from '../../base/error-ranges.ts';
import { isOver, type JobEvent } from '../../view/reduce-events.ts';
import { errorSentence, isEcho, STOPPING } from './reporter.ts';

/** Further places of a destination are only counted. */
const MOST_PLACES = 20;

/** Decides when each error of a job is printed. */
export class Complaints {
  /** The first error of each failure, and whether it has occurred again. */
  readonly #failures = new Map<string, { first: JobError; again: boolean }>();
  /** Destinations that had ended at the last check. */
  readonly #over = new Set<number>();

  /** The lines for `event`; `view` is the job after it. */
  of(event: JobEvent, view: JobView): string[] {
    this.#update(view);
    return [...this.#linesFor(event, view), ...(view.phase === 'ended' ? this.#finalLines(view) : [])];
  }

  #linesFor(event: JobEvent, { failure }: JobView): string[] {
    switch (event.event) {
      case 'error':
        return this.#isFirst(event.error) ? [errorSentence(event.error)] : [];
      case 'failure':
        return [errorSentence(failure ?? event.failure)];
      case 'cancelling':
        return [STOPPING];
      default:
        return [];
    }
  }

  /** False for an error that is printed at the end, or covered by the destination's own line. */
  #isFirst(error: JobError): boolean {
    if (isEcho(error)) return false;
    const key = failureKey(error);
    const known = this.#failures.get(key);
    if (known === undefined) this.#failures.set(key, { first: error, again: false });
    else known.again = true;
    return known === undefined;
  }

  /** Compares with the current state. Errors of a restarted destination are new again. */
  #update({ progress: { destinations } }: JobView): void {
    for (const [index, { state }] of destinations.entries()) {
      if (isOver(state)) this.#over.add(index);
      else if (this.#over.delete(index)) this.#forget(index);
    }
  }

  /** The lines for the places not yet printed, when the job has ended. */
  #finalLines({ result, errors }: JobView): string[] {
    const all =
      result === null
        ? errors
        : [...result.errors, ...result.destinations.flatMap((destination) => destination.errors)];
    const left = all.filter((error) => !isEcho(error) && this.#isNews(error));
    return [...new Set(left.map(({ destination }) => destination))].flatMap((destination) =>
      this.#linesOf(left.filter((error) => error.destination === destination)),
    );
  }

  #linesOf(errors: readonly JobError[]): string[] {
    const advised = new Set(
      [...this.#failures.values()].flatMap(({ first }) =>
        first.destination === errors[0]?.destination ? [first.advice] : [],
      ),
    );
    const lines = errors.slice(0, MOST_PLACES).map((error) => {
      const line = errorSentence(advised.has(error.advice) ? { ...error, advice: '' } : error);
      advised.add(error.advice);
      return line.trimEnd();
    });
    const more = errors.length - lines.length;
    return more === 0
      ? lines
      : [
          ...lines,
          errorSentence({
            ...errors[0]!,
            message: `${more} more ${more === 1 ? 'place' : 'places'}; --json and the report list them.`,
            advice: '',
          }).trimEnd(),
        ];
  }

  /**
   * True when `error` says more than what was printed. An error of the result can be longer, or have another message.
   */
  #isNews(error: JobError): boolean {
    const known = this.#failures.get(failureKey(error));
    return (
      known === undefined ||
      (known.again && (known.first.offset !== error.offset || known.first.length !== error.length))
    );
  }

  #forget(destination: number): void {
    for (const [key, { first }] of this.#failures) if (first.destination === destination) this.#failures.delete(key);
  }
}
