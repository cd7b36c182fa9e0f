/**
 * How much of everything is read before it is refused.
 */

/** Sizes in bytes unless the name says otherwise. What is exactly at a limit passes. */
export type WireLimits = {
  /** Start line and fields together, line ends and the empty line included. Over it: 431. */
  readonly headBytes: number;
  /** The request-target. Over it: 414. */
  readonly targetBytes: number;
  /** Field lines of a head, and of a trailer section. Over it: 431. */
  readonly fieldCount: number;
  /** Extensions of one chunk line; over it: 400. */
  readonly chunkExtensionBytes: number;
  /** The trailer section, line ends included. Over it: 431. */
  readonly trailerBytes: number;
  /** 1xx responses before one final response: a server that takes hours says now and then that it is at work. */
  readonly informationalCount: number;
};

export const DEFAULT_LIMITS: WireLimits = {
  headBytes: 32 * 1024,
  targetBytes: 8 * 1024,
  fieldCount: 100,
  chunkExtensionBytes: 1024,
  trailerBytes: 8 * 1024,
  informationalCount: 1000,
};
