// The engine works with absolute paths; the user reads the ones they typed.
import type { JobError, PlatterError } from '../contract/errors.ts';
import type { CopyRequest, Plan } from '../contract/jobs.ts';
import type { JobEvent } from '../view/reduce.ts';

/** Turns the paths of a request into absolute ones, and those of everything that comes back into the user's own. */
export class Spelling {
  readonly #given = new Map<string, string>();
  readonly #directory: string;

  /** `directory` is what relative paths are relative to. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  request(request: CopyRequest): CopyRequest {
    return this.#paths(request, (path) => this.#absolute(path));
  }

  plan(plan: Plan): Plan {
    const { source, destinations, request } = plan;
    return {
      ...plan,
      source: source === null ? null : this.#named(source),
      destinations: destinations.map((endpoint) => this.#named(endpoint)),
      request: this.#paths(request, (path) => this.#asGiven(path)),
    };
  }

  /** A path of the request, as it was typed. */
  path(path: string): string {
    return this.#asGiven(path);
  }

  error<E extends PlatterError | JobError>(error: E): E {
    return { ...error, device: error.device === null ? null : this.#asGiven(error.device) };
  }

  event(event: JobEvent): JobEvent {
    switch (event.event) {
      case 'cancelling':
      case 'failure':
        return event;
      case 'progress': {
        const { progress } = event;
        return {
          ...event,
          progress: { ...progress, destinations: progress.destinations.map((one) => this.#named(one)) },
        };
      }
      case 'error':
        return { ...event, error: this.error(event.error) };
      case 'result': {
        const { result } = event;
        const destinations = result.destinations.map((one) => ({
          ...this.#named(one),
          errors: one.errors.map((error) => this.error(error)),
        }));
        return {
          ...event,
          result: { ...result, errors: result.errors.map((error) => this.error(error)), destinations },
        };
      }
    }
  }

  /** `request` with every path in it replaced. */
  #paths(request: CopyRequest, replace: (path: string) => string): CopyRequest {
    const maybe = (path: string | null): string | null => (path === null ? null : replace(path));
    const { source, destinations, manifest, saveManifest, rescue } = request;
    return {
      ...request,
      source: maybe(source),
      destinations: destinations.map(replace),
      manifest: maybe(manifest),
      saveManifest: maybe(saveManifest),
      rescue: rescue === null ? null : { ...rescue, map: maybe(rescue.map) },
    };
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
