#!/usr/bin/env node
// Fails where a project with code has no `test` target, or a target has no test file to run: a runner that finds no test
// may well exit 0, and Nx runs the targets that there are.

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
const isIntegration = (file) => file.includes("/integration/");
/** Target to the files that it is there to run. Browser tests run against a whole system, and are no unit tests. */
const KINDS = {
  test: (file) => isTest(file) && !isIntegration(file) && !file.includes("/e2e/"),
  integration: (file) => isTest(file) && isIntegration(file),
};

const faults = projects.flatMap(({ name, data: { root, targets = {} } }) => {
  const own = files.filter((file) => root !== "." && file.startsWith(`${root}/`));
  if (!own.some(isCode)) return [];
  const absent = targets.test ? [] : [`${name} has code in ${root} and no target "test"`];
  const empty = Object.entries(KINDS)
    .filter(([target, isOfKind]) => targets[target] && !own.some(isOfKind))
    .map(([target]) => `${name} has the target "${target}" and in ${root} no *.test.* file for it`);
  return [...absent, ...empty];
});

if (projects.length === 0) faults.push("Nx knows no project at all");
for (const fault of faults) console.error(`projects-have-tests: ${fault}`);
console.log(`projects-have-tests: ${projects.length} projects, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
