/**
 * Long work in small turns, so that other connections are served meanwhile.
 */

/** Lets everything else that is ready run first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
