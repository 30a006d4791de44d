// The system under test: the one at BASE_URL, or the built web server behind the local balancer and a stand-in API.

import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { startApiStandIn, type Running } from "./api-stand-in.js";

const WEB = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const BALANCER = fileURLToPath(new URL("../../../../tools/local-balancer/dist/main.js", import.meta.url));

export async function startSystem(): Promise<Running> {
  const given = process.env["BASE_URL"];
  if (given) return { url: given.replace(/\/$/, ""), close: () => {} };

  const api = await startApiStandIn();
  const web = await startScript(WEB, { HOST: "127.0.0.1", PORT: "0", SHUTDOWN_DRAIN_S: "1" });
  const balancer = await startScript(BALANCER, {
    PORT: "0",
    ORDERS_URL: api.url,
    CATALOG_URL: api.url,
    WEB_URL: `http://127.0.0.1:${web.listening["port"]}`,
  });
  return {
    url: String(balancer.listening["address"]),
    close: () => {
      balancer.child.kill("SIGKILL");
      web.child.kill("SIGKILL");
      api.close();
    },
  };
}

/** Returns once the process has logged that it listens. */
async function startScript(path: string, env: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, [path], { env, stdio: ["ignore", "pipe", "inherit"] });
  const listening = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${path} ended with ${code}: has it been built?`)));
    if (child.stdout === null) throw new Error("expected a pipe");
    createInterface(child.stdout).on("line", (line) => {
      if (line.includes('"event":"listening"')) resolve(JSON.parse(line) as Record<string, unknown>);
    });
  });
  return { child, listening };
}
