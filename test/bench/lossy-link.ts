/**
 * Two network namespaces with a long, lossy way between them (`lossy-forwarder.ts`). They end with the processes in them:
 * nothing is left behind.
 */
import { join } from "node:path";

export type LossyLinkOptions = {
  /** Each way, in ms. */
  readonly delayMs: number;
  /** Share of the packets that are dropped, 0 to 1. */
  readonly loss: number;
  readonly seed: number;
};

type Holder = Bun.Subprocess<"ignore", "ignore", "ignore">;

/** Addresses of the two ends. */
export const NEAR_ADDRESS = "10.99.0.1";
export const FAR_ADDRESS = "10.99.0.2";

export class LossyLink implements AsyncDisposable {
  readonly #near: Holder;
  readonly #far: Holder;
  readonly #forwarder: Bun.Subprocess;
  static readonly #alive = new Set<LossyLink>();

  private constructor(near: Holder, far: Holder, forwarder: Bun.Subprocess) {
    this.#near = near;
    this.#far = far;
    this.#forwarder = forwarder;
    LossyLink.#alive.add(this);
  }

  /** Ends all that were opened, at once. */
  static killAll(): void {
    for (const link of LossyLink.#alive) link.#kill();
  }

  /** Rejects where there is no such thing: without root, util-linux, iproute2 or TUN. */
  static async open({ delayMs, loss, seed }: LossyLinkOptions): Promise<LossyLink> {
    const holders = [holdNamespace(), holdNamespace()] as const;
    const [near, far] = holders;
    const program = join(import.meta.dir, "lossy-forwarder.ts");
    const words = [near.pid, far.pid, delayMs, loss, seed].map(String);
    // The namespaces are there when the holders run something else than `unshare`.
    await Promise.all(holders.map(waitForNamespace));
    const forwarder = Bun.spawn([process.execPath, program, ...words], { stdout: "pipe", stderr: "ignore" });
    const link = new LossyLink(near, far, forwarder);
    try {
      const { value } = await forwarder.stdout.getReader().read();
      if (value === undefined) throw new Error("it needs root, Linux and /dev/net/tun");
      link.#configure(link.near(["ip"]), NEAR_ADDRESS);
      link.#configure(link.far(["ip"]), FAR_ADDRESS);
      return link;
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `command` at the end of the clients. */
  near(command: readonly string[]): readonly string[] {
    return ["nsenter", "-t", String(this.#near.pid), "-n", ...command];
  }

  /** `command` at the end of the server. */
  far(command: readonly string[]): readonly string[] {
    return ["nsenter", "-t", String(this.#far.pid), "-n", ...command];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await Promise.all([this.#forwarder.exited, this.#near.exited, this.#far.exited]);
    LossyLink.#alive.delete(this);
  }

  #kill(): void {
    for (const child of [this.#forwarder, this.#near, this.#far]) child.kill("SIGKILL");
  }

  #configure(ip: readonly string[], address: string): void {
    for (const words of [
      ["link", "set", "lo", "up"],
      ["address", "add", `${address}/24`, "dev", "link0"],
      ["link", "set", "link0", "txqueuelen", "10000", "up"],
      // What most systems use; a kernel whose default is another has it all the same.
      ["route", "replace", "10.99.0.0/24", "dev", "link0", "congctl", "cubic"],
    ]) {
      const { success, stderr } = Bun.spawnSync([...ip, ...words], { stderr: "pipe" });
      if (!success) throw new Error(`ip ${words.join(" ")}: ${stderr.toString().trim()}`);
    }
  }
}

function holdNamespace(): Holder {
  const options = { stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
  return Bun.spawn(["unshare", "--net", "sleep", "3600"], options);
}

async function waitForNamespace(holder: Holder): Promise<void> {
  while (holder.exitCode === null) {
    const name = await Bun.file(`/proc/${holder.pid}/comm`).text();
    if (name.trim() === "sleep") return;
    await Bun.sleep(1);
  }
  throw new Error("it needs a network namespace, and so root");
}
