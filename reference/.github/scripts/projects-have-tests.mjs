#!/usr/bin/env node
// Fails where a project with code has no `test` target, or no test file for it to run: a runner that finds no test may
// well exit 0, and Nx runs the targets that there are.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const output = join(mkdtempSync(join(tmpdir(), "projects-")), "graph.json");
execFileSync("npx", ["--no-install", "nx", "graph", `--file=${output}`], { stdio: ["ignore", "ignore", "inherit"] });
const projects = Object.values(JSON.parse(readFileSync(output, "utf8")).graph.nodes);

const files = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0");
const isCode = (file) => /\.[cm]?[jt]sx?$/.test(file) && !/\.d\.[cm]?ts$|\.config\.[cm]?[jt]s$/.test(file);
const isTest = (file) => /\.test\.[cm]?[jt]sx?$/.test(file);

const faults = projects.flatMap(({ name, data: { root, targets } }) => {
  const own = files.filter((file) => root !== "." && file.startsWith(`${root}/`));
  if (!own.some(isCode)) return [];
  if (!targets?.test) return [`${name} has code in ${root} and no target "test"`];
  return own.some(isTest) ? [] : [`${name} has code in ${root} and no file named *.test.*`];
});

if (projects.length === 0) faults.push("Nx knows no project at all");
for (const fault of faults) console.error(`projects-have-tests: ${fault}`);
console.log(`projects-have-tests: ${projects.length} projects, ${faults.length} without tests`);
process.exitCode = faults.length === 0 ? 0 : 1;
