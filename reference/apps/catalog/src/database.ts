// The service's own database, by the client that Prisma generates from its schema.

import { PrismaPg } from "@prisma/adapter-pg";
import { poolOptions, transactionOptions } from "@reference-shop/service-kit";

import { PrismaClient } from "./generated/client.js";

export type Database = PrismaClient;

export function openDatabase(url: string): Database {
  return new PrismaClient({ adapter: new PrismaPg(poolOptions(url)), transactionOptions });
}
