// Where the real servers are that integration tests need.

/** @throws Error where the variable is not set: an integration test never passes by being skipped */
export function backingUrl(variable: "TEST_DATABASE_URL" | "TEST_RABBITMQ_URL" | "TEST_REDIS_URL"): string {
  const url = process.env[variable];
  if (!url) throw new Error(`${variable}: got nothing, expected the address of a server that tests may use`);
  return url;
}
