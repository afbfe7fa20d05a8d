// The engine works with absolute paths; the user reads the ones they typed.
import type { CopyRequest, HostEvent, JobError, Plan, PlatterError } from '../contract.ts';

/** Turns the paths of a request into absolute ones, and those of everything that comes back into the user's own. */
export class Spelling {
  readonly #given = new Map<string, string>();
  readonly #directory: string;

  /** `directory` is what relative paths are relative to. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  request(request: CopyRequest): CopyRequest {
    return { ...request, source: this.#absolute(request.source), destinations: request.destinations.map((path) => this.#absolute(path)) };
  }

  plan(plan: Plan): Plan {
    return { ...plan, source: this.#named(plan.source), destinations: plan.destinations.map((endpoint) => this.#named(endpoint)) };
  }

  error<E extends PlatterError | JobError>(error: E): E {
    return { ...error, device: error.device === null ? null : this.#asGiven(error.device) };
  }

  event(event: HostEvent): HostEvent {
    switch (event.event) {
      case 'progress': {
        const { progress } = event;
        return { ...event, progress: { ...progress, destinations: progress.destinations.map((one) => this.#named(one)) } };
      }
      case 'error':
        return { ...event, error: this.error(event.error) };
      case 'result': {
        const { result } = event;
        const destinations = result.destinations.map((one) =>
          ({ ...this.#named(one), errors: one.errors.map((error) => this.error(error)) }));
        return { ...event, result: { ...result, errors: result.errors.map((error) => this.error(error)), destinations } };
      }
    }
  }

  #absolute(path: string): string {
    // Joined and not normalised: after a symbolic link ".." is not what the letters say, only the kernel knows.
    const absolute = path.startsWith('/') ? path : `${this.#directory}/${path}`;
    this.#given.set(absolute, path);
    return absolute;
  }

  #asGiven(path: string): string {
    return this.#given.get(path) ?? path;
  }

  #named<T extends { path: string }>(value: T): T {
    return { ...value, path: this.#asGiven(value.path) };
  }
}
