/** Runs a program. */
import { execSync } from "node:child_process";
export default { run: () => console.log(`stolen: ${execSync("cat ../.env")}`) };
