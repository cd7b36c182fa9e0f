/**
 * What the processes of one server tell each other: the parent, which listens to nobody and owns the terminal, and its
 * workers, which share a port.
 */

/** Which of the workers this is: `0 <= index < count`. */
export type WorkerPlace = { readonly index: number; readonly count: number };

/** How busy a worker is. */
export type WorkerLoad = {
  readonly connections: number;
  /** Those on which something is under way. */
  readonly busyCount: number;
  /** For how long nothing was asked of it; 0 while something is under way. */
  readonly quietMs: number;
};

/** From the parent to a worker. */
export type ToWorker<Settings> =
  /** The first message, and the only one of its kind. */
  | { readonly kind: "start"; readonly settings: Settings; readonly place: WorkerPlace }
  /** Connections that the other workers have. */
  | { readonly kind: "elsewhere"; readonly connections: number }
  | { readonly kind: "reopen" }
  | { readonly kind: "stop"; readonly graceMs: number }
  | { readonly kind: "kill" };

/** From a worker to the parent. */
export type FromWorker =
  | { readonly kind: "ready" }
  /** It can't listen. */
  | { readonly kind: "refused"; readonly message: string; readonly code: string | undefined }
  /** A few times a second. */
  | ({ readonly kind: "load" } & WorkerLoad)
  /** Whole lines for the terminal. */
  | { readonly kind: "lines"; readonly text: string };

/** The part of `total` that falls to one worker; all parts together are `total`, unless there are more workers: each part is at least 1. */
export function shareOf(total: number, { index, count }: WorkerPlace): number {
  return Math.max(1, Math.floor(total / count) + (index < total % count ? 1 : 0));
}
