/**
 * The open connections of a server: the caps, the order in which idle ones give way, and the keep-alive timeout
 * that follows load.
 */
import type { ServerLimits } from "./limits.ts";

/** A connection as its register sees it. */
export interface Registered {
  readonly endpoint: { readonly peerAddress: string };
  /** Ends the connection if nothing is under way on it; `false` when something is. */
  closeIfIdle(): boolean;
  /** No further request after the one under way. */
  retire(): void;
  kill(): void;
}

/**
 * The keep-alive timeout under load: one second less for each open connection.
 * @returns ms, a whole number of seconds, between the floor and the ceiling.
 */
export function adaptiveTimeoutMs(connections: number, limits: ServerLimits): number {
  return Math.max(limits.idleFloorMs, limits.idleCeilingMs - connections * 1000);
}

/** The connections of one server. */
export class Register<T extends Registered> {
  /** Connections of other processes on the same port: they count for the timeout. */
  elsewhere = 0;
  readonly #limits: ServerLimits;
  readonly #open = new Set<T>();
  /** Idle ones, longest idle first: a Set keeps the order of insertion. */
  readonly #idle = new Set<T>();
  readonly #perAddress = new Map<string, number>();

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Connections on which something is under way. */
  get busySize(): number {
    return this.#open.size - this.#idle.size;
  }

  get timeoutMs(): number {
    return adaptiveTimeoutMs(this.#open.size + this.elsewhere, this.#limits);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#open.values();
  }

  /**
   * Whether one more connection from `address` fits. At a cap the connection that has been idle longest (of that
   * address, if the cap is the address's) gives way.
   */
  makeRoom(address: string): boolean {
    if ((this.#perAddress.get(address) ?? 0) >= this.#limits.connectionsPerAddress) {
      return this.#evict((connection) => connection.endpoint.peerAddress === address);
    }
    return this.#open.size < this.#limits.connections || this.evictIdle();
  }

  /** Closes the connection that has been idle longest. @returns false when none is idle. */
  evictIdle(): boolean {
    return this.#evict(() => true);
  }

  add(connection: T): void {
    this.#open.add(connection);
    this.#idle.add(connection);
    const { peerAddress } = connection.endpoint;
    this.#perAddress.set(peerAddress, (this.#perAddress.get(peerAddress) ?? 0) + 1);
  }

  /** Forgets `connection`; a second call does nothing. */
  delete(connection: T): void {
    if (!this.#open.delete(connection)) return;
    this.#idle.delete(connection);
    const { peerAddress } = connection.endpoint;
    const left = (this.#perAddress.get(peerAddress) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(peerAddress);
    else this.#perAddress.set(peerAddress, left);
  }

  markBusy(connection: T): void {
    this.#idle.delete(connection);
  }

  /** Puts `connection` last in the order of giving way. */
  markIdle(connection: T): void {
    if (!this.#open.has(connection)) return;
    this.#idle.delete(connection);
    this.#idle.add(connection);
  }

  #evict(isMeant: (connection: T) => boolean): boolean {
    for (const connection of this.#idle) {
      if (!isMeant(connection) || !connection.closeIfIdle()) continue;
      this.delete(connection);
      return true;
    }
    return false;
  }
}
