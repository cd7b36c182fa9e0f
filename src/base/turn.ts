/**
 * The turns of the event loop: first sockets are heard, then what was put off to the next turn runs, and so on.
 */

/** Whether what was put off has run since sockets were heard last. */
let hasRunLater = false;
const listeners: (() => void)[] = [];

/** Runs `work` in the next turn, so that everything else that is ready goes first. */
export function runLater(work: () => void): void {
  setImmediate(() => {
    hasRunLater = true;
    work();
  });
}

/** Lets everything else that is ready run first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => runLater(resolve));
}

/** To be called before anything is made of what a socket brings: it may have come after all that was learned before. */
export function hearSocket(): void {
  if (!hasRunLater) return;
  hasRunLater = false;
  for (const listener of listeners) listener();
}

/** Calls `listener` when sockets are heard again after something was put off. */
export function whenHeard(listener: () => void): void {
  listeners.push(listener);
}
