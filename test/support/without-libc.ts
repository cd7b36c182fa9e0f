/**
 * Loaded before tests (`--preload`), it takes away what goes past the runtime on Linux: client and server are then as they are
 * on other systems.
 */
import { mock } from "bun:test";

const library = await import("../../src/base/libc.ts");

await mock.module("../../src/base/libc.ts", () => ({
  ...library,
  libc: () => undefined,
  loadCalls: () => undefined,
}));
