/**
 * The open connections of a server: the caps, the order in which idle ones give way, and the keep-alive timeout
 * that follows load.
 */
import { LineUp, type Place } from "../base/line-up.ts";
import type { ServerLimits } from "./limits.ts";

/** A connection as its register sees it. */
export interface Registered {
  readonly endpoint: { readonly peerAddress: string };
  /** Its places among all, and among those that are idle. */
  readonly openPlace: Place<this>;
  readonly idlePlace: Place<this>;
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
  readonly #open = new LineUp<T>();
  /** Longest idle first. */
  readonly #idle = new LineUp<T>();
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
    return this.#open[Symbol.iterator]();
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
    this.#open.moveToEnd(connection.openPlace);
    this.#idle.moveToEnd(connection.idlePlace);
    const { peerAddress } = connection.endpoint;
    this.#perAddress.set(peerAddress, (this.#perAddress.get(peerAddress) ?? 0) + 1);
  }

  /** Forgets `connection`; a second call does nothing. */
  delete(connection: T): void {
    if (!this.#open.leave(connection.openPlace)) return;
    this.#idle.leave(connection.idlePlace);
    const { peerAddress } = connection.endpoint;
    const left = (this.#perAddress.get(peerAddress) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(peerAddress);
    else this.#perAddress.set(peerAddress, left);
  }

  markBusy(connection: T): void {
    this.#idle.leave(connection.idlePlace);
  }

  /** Puts `connection` last in the order of giving way. */
  markIdle(connection: T): void {
    if (connection.openPlace.isTaken) this.#idle.moveToEnd(connection.idlePlace);
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
