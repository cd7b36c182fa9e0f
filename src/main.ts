/**
 * Where netfile begins: command line → exit code.
 */
import { runProgram } from "./cli/root.ts";

process.exit(await runProgram(process.argv.slice(2)));
