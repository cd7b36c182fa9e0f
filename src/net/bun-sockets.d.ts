/** What Bun's sockets have at run time and its types lack (Bun 1.4.5). */
export {};

declare module "bun" {
  interface Socket<Data = undefined> {
    /** The descriptor; -1 once the socket is closed. */
    readonly fd: number;
  }
  interface SocketListener<Data = undefined> {
    /** The descriptor; -1 once it is stopped. */
    readonly fd: number;
  }
  interface TCPSocketListenOptions<Data = undefined> {
    reusePort?: boolean;
    ipv6Only?: boolean;
  }
}
