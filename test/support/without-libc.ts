/**
 * Loaded before tests (`--preload`), it takes away what goes past the runtime on Linux: client and server are then as they are
 * on other systems.
 */
import { mock } from "bun:test";

const library = await import("../../src/base/c-library.ts");

await mock.module("../../src/base/c-library.ts", () => ({ ...library, loadCalls: () => undefined }));
await mock.module("../../src/base/libc.ts", () => ({ libc: () => undefined }));
