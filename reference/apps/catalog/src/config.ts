// The settings of the catalog service.

import { type BackEndConfig, type Environment, readBackEndConfig, readUrl } from "@reference-shop/service-kit";

export interface Config extends BackEndConfig {
  readonly redisUrl: string;
}

/** @throws ConfigError for the first variable that is wrong */
export function readConfig(env: Environment, packageVersion: string): Config {
  return {
    ...readBackEndConfig(env, packageVersion),
    redisUrl: readUrl(env, "REDIS_URL", ["redis", "rediss"]),
  };
}
