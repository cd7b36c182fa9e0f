/**
 * Loaded before tests (`--preload`), it takes away what goes past the runtime on Linux: the client is then as it is on other
 * systems.
 */
import { mock } from "bun:test";

await mock.module("../../src/base/libc.ts", () => ({ libc: () => undefined }));
