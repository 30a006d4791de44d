// Run ahead of integration tests: ends with 1 and one line where they have no servers to run on. They are never skipped.
//   node require-env.js VARIABLE…

const missing = process.argv.slice(2).filter((variable) => !process.env[variable]);
if (missing.length > 0) {
  process.stderr.write(`integration tests need ${missing.join(", ")}: the address of a server that they may use\n`);
  process.exitCode = 1;
}
