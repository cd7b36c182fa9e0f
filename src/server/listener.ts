/**
 * The listening socket: turns what `Bun.listen` calls into calls of a {@link Connection}.
 */
import type { Socket, TCPSocketListener } from "bun";
import { errorCode, errorText } from "../base/failure.ts";
import { hearSocket } from "../base/turn.ts";
import { formatHostPort, type PeerEndpoint } from "../net/endpoint.ts";
import { readPeer } from "../net/peer-name.ts";
import { limitUnsent, raiseBacklog } from "../net/tcp-options.ts";
import { UNSENT_BYTES } from "./client-line.ts";
import type { Connection } from "./connection.ts";

/** What a socket carries: its connection, once it is open and was not turned away. */
type Carried = Connection | undefined;
export type ServerSocket = Socket<Carried>;

export type ListenerOptions = {
  readonly host: string;
  readonly port: number;
  /** Whether other processes listen on the same port, and the kernel deals connections out (SO_REUSEPORT, Linux). */
  readonly sharesPort: boolean;
  /** Makes the connection of a new socket; `undefined` when it was turned away. */
  readonly onOpen: (socket: ServerSocket, endpoint: PeerEndpoint) => Connection | undefined;
  readonly onFailure: (text: string) => void;
};

/** Listening failed; the message says what happened and what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/**
 * Listens on `options.host` and `options.port` (0: any free one).
 * @throws {ListenError} when the address can't be had.
 */
export function listen(options: ListenerOptions): TCPSocketListener<Carried> {
  try {
    const listener = Bun.listen<Carried>({
      hostname: options.host,
      port: options.port,
      // A client may close its side right after its request and still wants the answer.
      allowHalfOpen: true,
      reusePort: options.sharesPort,
      data: undefined,
      socket: socketHandlers(options),
    });
    raiseBacklog(listener.fd);
    limitUnsent(listener.fd, UNSENT_BYTES);
    return listener;
  } catch (error) {
    throw describeListenFailure(error, options);
  }
}

function socketHandlers({ onOpen, onFailure }: ListenerOptions) {
  return {
    open(socket: ServerSocket): void {
      // Now, since it is gone once the socket is closed.
      const endpoint = readPeer(socket);
      socket.data = endpoint && onOpen(socket, endpoint);
      if (endpoint === undefined) socket.terminate();
    },
    data(socket: ServerSocket, chunk: Buffer): void {
      hearSocket();
      socket.data?.receive(chunk);
    },
    drain(socket: ServerSocket): void {
      socket.data?.drain();
    },
    end(socket: ServerSocket): void {
      socket.data?.receiveEnd();
    },
    close(socket: ServerSocket): void {
      socket.data?.closed();
    },
    // Without this handler, an error in one of the others would end the process.
    error(socket: ServerSocket, error: Error): void {
      onFailure(`A connection is closed: ${errorText(error)}`);
      socket.terminate();
    },
  };
}

function describeListenFailure(error: unknown, { host, port }: ListenerOptions): ListenError {
  const code = errorCode(error);
  const where = formatHostPort(host, port);
  switch (code ?? "") {
    case "EADDRINUSE":
      return new ListenError(
        `Cannot listen on ${where}: the port is in use; choose another, or 0 for a free one`,
        code,
      );
    case "EACCES":
      return new ListenError(
        `Cannot listen on ${where}: this user may not use the port; choose one above 1023`,
        code,
      );
    case "EADDRNOTAVAIL":
      return new ListenError(
        `Cannot listen on ${where}: this machine does not have that address; leave --host out, or use --lan`,
        code,
      );
    case "":
      return new ListenError(
        `Cannot listen on ${where}: "${host}" is no address and no known name; check the value of --host`,
        code,
      );
    default:
      return new ListenError(
        `Cannot listen on ${where}: the system refuses it (${code ?? ""}); check the value of --host`,
        code,
      );
  }
}
