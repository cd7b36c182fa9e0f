/** A connection's other end: what `getpeername` and the kernel know. */
export type PeerEndpoint = {
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly family: "IPv4" | "IPv6";
};

/** A connection's parameters: both ends of it. */
export type Endpoint = PeerEndpoint & {
  readonly localAddress: string;
  readonly localPort: number;
};

/** Of a connection that is not made yet. */
export const UNKNOWN_ENDPOINT: Endpoint = {
  peerAddress: "",
  peerPort: 0,
  localAddress: "",
  localPort: 0,
  family: "IPv4",
};

/** Socket type and protocol: always these, HTTP/1.1 has no other. */
export const SOCKET_TYPE = "stream (SOCK_STREAM)";
export const SOCKET_PROTOCOL = "TCP";

/** An IPv4 client of a dual-stack listener is shown as what it is: `::ffff:127.0.0.1` → `127.0.0.1`, IPv4. */
export function normalizeAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice("::ffff:".length) : address;
}

/** `host:port`, with brackets around IPv6 (RFC 3986 §3.2.2). */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
