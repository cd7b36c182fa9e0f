/**
 * The port of a server that has several processes: chosen before any of them is there.
 */
import { listen } from "./listener.ts";

/**
 * Listens on `host` and `port` (0: any free one) for a moment, alone.
 *
 * SECURITY: processes that share a port would share it with any other process of the same user that does so as well, and
 * each would get some of the other's connections. Listening alone fails while another one is there.
 *
 * @returns where it listened, in fact.
 * @throws {ListenError} when the address can't be had.
 */
export function findFreePort(host: string, port: number): { readonly host: string; readonly port: number } {
  const listener = listen({
    host,
    port,
    sharesPort: false,
    onOpen: () => undefined,
    onFailure: () => undefined,
  });
  const found = { host: listener.hostname, port: listener.port };
  listener.stop(true);
  return found;
}
