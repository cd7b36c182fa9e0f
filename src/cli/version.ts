/**
 * The version of this netfile, as package.json has it.
 */
import { version } from "../../package.json";

export const VERSION: string = version;

/** What the client calls itself (RFC 9110 §10.1.5). */
export const USER_AGENT = `netfile/${VERSION}`;
