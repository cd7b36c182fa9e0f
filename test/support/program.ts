/**
 * Programs of other makers that tests run when the machine has them.
 */

/**
 * Whether this machine has the program: for `test.skipIf(!hasProgram("curl"))`. Where nothing may be skipped
 * (`NETFILE_TEST_ALL=1`, as in CI), it is always taken to be there, so that its absence fails the test.
 */
export function hasProgram(name: string): boolean {
  return process.env["NETFILE_TEST_ALL"] === "1" || Bun.which(name) !== null;
}

/** Whether this machine has IPv6 on loopback. */
export function hasIPv6(): boolean {
  try {
    Bun.listen({ hostname: "::1", port: 0, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}

/**
 * Prefixes `command` so that permissions bind it: they do not bind root, so as root it runs as nobody. What it needs must
 * be readable for everyone.
 */
export function asUnprivileged(command: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return command;
  return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...command];
}

/** Whether a process can be given a network of its own here (Linux namespaces): see {@link inPrivateNetwork}. */
export function hasPrivateNetwork(): boolean {
  if (process.platform !== "linux" || Bun.which("unshare") === null) return false;
  return Bun.spawnSync([...inPrivateNetwork(["true"])], { stdio: ["ignore", "ignore", "ignore"] }).success;
}

/**
 * Prefixes `command` so that it has loopback to itself: every port is free, and nothing else can be reached. For
 * commands that are tried just as they are written, with port 8080.
 */
export function inPrivateNetwork(command: readonly string[]): readonly string[] {
  return [
    "unshare",
    "--map-root-user",
    "--net",
    "sh",
    "-c",
    'ip link set lo up && exec "$@"',
    "sh",
    ...command,
  ];
}

/** Whether a process can be given a PID namespace of its own here: see {@link inProcessNamespace}. */
export function hasProcessNamespaces(): boolean {
  if (process.platform !== "linux" || Bun.which("unshare") === null) return false;
  return Bun.spawnSync([...inProcessNamespace(["true"])], { stdio: ["ignore", "ignore", "ignore"] }).success;
}

/** Prefixes `command` so that it is process 1 and sees none of ours, as in a container of the same name. */
export function inProcessNamespace(command: readonly string[]): readonly string[] {
  return ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc", ...command];
}
