/** A real server on a real folder, in this process: for tests that speak to it over a socket. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorText } from "../../src/base/failure.ts";
import { systemClock, type Clock } from "../../src/base/clock.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "../../src/server/limits.ts";
import type { AnswerRecord, ConnectionRecord } from "../../src/server/observer.ts";
import { serve, type RunningServer } from "../../src/server/serve.ts";
import { DEFAULT_POLICY, type SitePolicy } from "../../src/site/policy.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { rememberFiles } from "../../src/store/recent-files.ts";
import type { Store } from "../../src/store/store.ts";

export type RunningSite = {
  readonly server: RunningServer;
  readonly port: number;
  readonly root: string;
  readonly connections: readonly ConnectionRecord[];
  readonly answers: readonly AnswerRecord[];
  readonly failures: readonly string[];
  /** Waits until so many answers have been logged. */
  answered(count: number): Promise<readonly AnswerRecord[]>;
  stop(): Promise<void>;
};

export type SiteOverrides = {
  readonly policy?: Partial<SitePolicy>;
  readonly limits?: Partial<ServerLimits>;
  readonly clock?: Clock;
  readonly idleExitMs?: number;
  readonly host?: string;
  readonly port?: number;
  /** Wraps the store, to make it misbehave. */
  readonly wrapStore?: (store: Store) => Store;
};

/** Starts a server on a new temporary folder; `stop` ends it and removes the folder. */
export function startSite(overrides: SiteOverrides = {}): RunningSite {
  const root = mkdtempSync(join(tmpdir(), "netfile-site-"));
  const connections: ConnectionRecord[] = [];
  const answers: AnswerRecord[] = [];
  const failures: string[] = [];
  const waiting = new Set<() => void>();
  const clock = overrides.clock ?? systemClock;
  const store = rememberFiles(openDiskStore(root));
  const server = startOrRemove(root, {
    site: {
      store: overrides.wrapStore?.(store) ?? store,
      policy: { ...DEFAULT_POLICY, ...overrides.policy },
      clock: systemClock,
      onError: (error) => failures.push(errorText(error)),
    },
    host: overrides.host ?? "127.0.0.1",
    port: overrides.port ?? 0,
    limits: { ...DEFAULT_SERVER_LIMITS, ...overrides.limits },
    idleExitMs: overrides.idleExitMs,
    clock,
    observer: {
      connected: (record) => connections.push(record),
      answered: (record) => {
        answers.push(record);
        for (const wake of waiting) wake();
      },
      wantsRtt: true,
      disconnected: () => {},
      failed: (text) => failures.push(text),
    },
  });
  return {
    server,
    port: server.port,
    root,
    connections,
    answers,
    failures,
    async answered(count) {
      while (answers.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
      return answers;
    },
    async stop() {
      server.kill();
      await server.ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function startOrRemove(root: string, options: Parameters<typeof serve>[0]): RunningServer {
  try {
    return serve(options);
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}
