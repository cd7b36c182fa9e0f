/** How often each property is tried; `NETFILE_FUZZ_RUNS` makes it more, for a longer search. */
export const FUZZ_RUNS = Number(process.env["NETFILE_FUZZ_RUNS"] ?? "1000");

/** Enough for so many of them, in ms, on a machine that has other things to do. */
export const FUZZ_TIMEOUT_MS = 20_000 + 20 * FUZZ_RUNS;
