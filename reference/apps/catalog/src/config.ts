// The settings of the catalog service.

import {
  readInteger,
  readServiceConfig,
  readUrl,
  type Environment,
  type ServiceConfig,
} from "@reference-shop/service-kit";

export interface Config extends ServiceConfig {
  readonly databaseUrl: string;
  readonly rabbitmqUrl: string;
  readonly redisUrl: string;
  /** Seconds within which the database has to be there when the service starts. */
  readonly startDeadlineS: number;
}

/** @throws ConfigError for the first variable that is wrong */
export function readConfig(env: Environment, packageVersion: string): Config {
  return {
    ...readServiceConfig(env, packageVersion),
    databaseUrl: readUrl(env, "DATABASE_URL", ["postgresql", "postgres"]),
    rabbitmqUrl: readUrl(env, "RABBITMQ_URL", ["amqp", "amqps"]),
    redisUrl: readUrl(env, "REDIS_URL", ["redis", "rediss"]),
    startDeadlineS: readInteger(env, "START_DEADLINE_S", 20, 1, 600),
  };
}
