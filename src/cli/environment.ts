/**
 * What the surroundings say to netfile: the only reader of environment variables. They are read once, at the start.
 */
export type Environment = {
  /** `NO_COLOR` is set to anything (no-color.org). */
  readonly noColor: boolean;
  /** `FORCE_COLOR` is set, and not to `0`: colours also where there is no terminal. */
  readonly forceColor: boolean;
  /** `TERM=dumb`: a terminal that knows no colours and no way back to the line's begin. */
  readonly isDumb: boolean;
  /** `NETFILE_DEBUG` is set: unexpected errors show their stack. */
  readonly debug: boolean;
  /** Where a user's state lives (`XDG_STATE_HOME`, or `~/.local/state`); `undefined` without a home. */
  readonly stateFolder: string | undefined;
  readonly homeFolder: string | undefined;
  /** `NETFILE_PASSWORD`, for `--user NAME`. */
  readonly password: string | undefined;
  /** `NETRC`, or `~/.netrc`. */
  readonly netrcFile: string | undefined;
  /** `http_proxy`; not in capitals, since a server sets HTTP_PROXY for its scripts by a request's field (CVE-2016-5385). */
  readonly proxy: string | undefined;
  /** `no_proxy` or `NO_PROXY`. */
  readonly proxyExceptions: string | undefined;
};

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads the environment from `variables`. */
export function readEnvironment(variables: Variables): Environment {
  const home = nonEmpty(variables["HOME"]) ?? nonEmpty(variables["USERPROFILE"]);
  return {
    noColor: nonEmpty(variables["NO_COLOR"]) !== undefined,
    forceColor: nonEmpty(variables["FORCE_COLOR"]) !== undefined && variables["FORCE_COLOR"] !== "0",
    isDumb: variables["TERM"] === "dumb",
    debug: nonEmpty(variables["NETFILE_DEBUG"]) !== undefined,
    stateFolder: stateFolder(nonEmpty(variables["XDG_STATE_HOME"]), home),
    homeFolder: home,
    password: nonEmpty(variables["NETFILE_PASSWORD"]),
    netrcFile: nonEmpty(variables["NETRC"]) ?? (home === undefined ? undefined : `${home}/.netrc`),
    proxy: nonEmpty(variables["http_proxy"]),
    proxyExceptions: nonEmpty(variables["no_proxy"]) ?? nonEmpty(variables["NO_PROXY"]),
  };
}

/** What the processes that netfile starts of itself get to see of `variables`: nothing that changes the runtime. */
export function workerVariables(variables: Variables, hasColors: boolean): Record<string, string> {
  const kept = ["TZ", "LANG", "LC_ALL", "NETFILE_DEBUG"].flatMap((name) => {
    const value = variables[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), ...(hasColors ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }) };
}

/** An XDG path that is not absolute is invalid and ignored (XDG Base Directory Specification). */
function stateFolder(xdg: string | undefined, home: string | undefined): string | undefined {
  if (xdg?.startsWith("/") === true) return xdg;
  return home === undefined ? undefined : `${home}/.local/state`;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
