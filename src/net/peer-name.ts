/**
 * Who is at the other end of a socket. The runtime asks the system once for the address and once for the port, and makes a
 * text of the address each time; through FFI (Linux) one call tells both, and whether the address is that of the last time.
 */
import { libc } from "../base/libc.ts";
import { normalizeAddress, type PeerEndpoint } from "./endpoint.ts";

/** What is needed of a socket. */
export type NamedSocket = {
  readonly fd: number;
  /** As the runtime tells it; `undefined` when the peer is gone. */
  readonly remoteAddress?: string;
  readonly remotePort?: number;
};

// Linux: <sys/socket.h>, <netinet/in.h>. struct sockaddr_in6 is the longer one of the two; offsets in bytes.
const AF_INET = 2;
const NAME_BYTES = 28;
const OFFSET = { family: 0, port: 2 };
/** Where the address is, in words of 4 bytes (end exclusive): after the port; after the flow label, and with its scope. */
const IPV4_WORDS = { start: 1, end: 2 };
const IPV6_WORDS = { start: 2, end: 7 };

// One for every call: it is read before the next call can be made.
const words = new Uint32Array(NAME_BYTES / 4);
const name = Buffer.from(words.buffer);
const nameLength = Buffer.alloc(4);

type RecentAddress = { readonly family: number; readonly words: Uint32Array; readonly text: string };

/** The address that was asked for last: clients use to come more than once. */
let recent: RecentAddress | undefined;

/**
 * Reads the peer of `socket`.
 * @returns `undefined` when the peer has reset the connection already, or the socket is closed.
 */
export function readPeer(socket: NamedSocket): PeerEndpoint | undefined {
  const isNamed = fillName(socket.fd);
  const peerAddress = isNamed ? findAddress(socket) : askAddress(socket);
  // The reset may come between two questions.
  const peerPort = isNamed ? name.readUInt16BE(OFFSET.port) : socket.remotePort;
  if (peerAddress === undefined || peerPort === undefined) return undefined;
  return { peerAddress, peerPort, family: peerAddress.includes(":") ? "IPv6" : "IPv4" };
}

function fillName(fd: number): boolean {
  const getPeerName = libc()?.getpeername;
  if (getPeerName === undefined || fd < 0) return false;
  nameLength.writeUInt32LE(NAME_BYTES);
  return getPeerName(fd, name, nameLength) === 0;
}

function findAddress(socket: NamedSocket): string | undefined {
  const family = name.readUInt16LE(OFFSET.family);
  if (recent !== undefined && isSame(recent, family)) return recent.text;
  const text = askAddress(socket);
  recent = text === undefined ? undefined : { family, words: words.slice(), text };
  return text;
}

function isSame(known: RecentAddress, family: number): boolean {
  if (family !== known.family) return false;
  const { start, end } = family === AF_INET ? IPV4_WORDS : IPV6_WORDS;
  for (let at = start; at < end; at += 1) if (words[at] !== known.words[at]) return false;
  return true;
}

function askAddress({ remoteAddress }: NamedSocket): string | undefined {
  return remoteAddress === undefined ? undefined : normalizeAddress(remoteAddress);
}
