/**
 * Names of peers by reverse lookup: bounded in time and number, since a name server must never hold up a server.
 */
import { printable } from "../base/printable.ts";

const LOOKUP_MS = 250;
const MAX_OUTSTANDING = 16;
const MAX_REMEMBERED = 1024;

/** Looks one address up; rejects when it has no name. */
export type ReverseLookup = (address: string) => Promise<string>;

export class PeerNames {
  readonly #lookup: ReverseLookup;
  readonly #names = new Map<string, string | undefined>();
  #outstanding = 0;

  constructor(lookup: ReverseLookup = lookupByService) {
    this.#lookup = lookup;
  }

  /**
   * The name of `address`: at once for this machine and for what is remembered.
   * @returns `undefined` when there is none, none came in 250 ms, or too many are being asked for.
   */
  find(address: string): string | undefined | Promise<string | undefined> {
    if (isLoopback(address)) return "localhost";
    if (this.#names.has(address)) return this.#names.get(address);
    return this.#outstanding < MAX_OUTSTANDING ? this.#ask(address) : undefined;
  }

  async #ask(address: string): Promise<string | undefined> {
    this.#outstanding += 1;
    const asked = this.#lookup(address).then(
      (name) => (name === address ? undefined : printable(name)),
      () => undefined,
    );
    // The slot is free only when the resolver's thread is: a dead name server then stops all lookups, and nothing else.
    void asked.finally(() => {
      this.#outstanding -= 1;
    });
    const name = await firstWithin(asked, LOOKUP_MS);
    this.#remember(address, name);
    return name;
  }

  #remember(address: string, name: string | undefined): void {
    if (this.#names.size >= MAX_REMEMBERED) this.#names.clear();
    this.#names.set(address, name);
  }
}

/** Whether `address` is one of this machine's own that never leave it (127.0.0.0/8, ::1). */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

async function firstWithin<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  const first = await Promise.race([promise, timeout]);
  clearTimeout(timer);
  return first;
}

async function lookupByService(address: string): Promise<string> {
  const { promises } = await import("node:dns");
  return (await promises.lookupService(address, 0)).hostname;
}
