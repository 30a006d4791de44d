// One connection to RabbitMQ that comes back by itself. A service lives on without it, and says so in its readiness.

import { connect, type ChannelModel, type ConfirmChannel } from "amqplib";
import type { Logger } from "pino";

import { errorLine } from "./log.js";
import type { Dependency } from "./readiness.js";

export interface BrokerOptions {
  readonly url: string;
  readonly logger: Logger;
  /** Declares what the service needs, and begins to consume, each time that a channel opens. */
  readonly onChannel: (channel: ConfirmChannel) => Promise<void>;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Seconds: a broker that vanished without a word is noticed after two of them. */
const HEARTBEAT_S = 5;

export class Broker implements Dependency {
  readonly name = "rabbitmq";
  readonly essential = true;
  readonly #options: BrokerOptions;
  #connection: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #told = "";

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /** The open channel; undefined while there is none. */
  get channel(): ConfirmChannel | undefined {
    return this.#channel;
  }

  /** Begins to connect, and goes on until it is closed. Does not wait for it. */
  start(): void {
    void this.#connect();
  }

  check = async (): Promise<void> => {
    if (this.#channel === undefined) throw new Error("not connected");
  };

  /** Closes for good. What was published and confirmed before is safe, and so is what was acknowledged. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    const channel = this.#channel;
    this.#connection = this.#channel = undefined;
    // Acknowledgements wait in the channel, and the end of the connection would overtake them; the end of the channel can't.
    channel?.removeAllListeners("close");
    await channel?.close().catch(() => undefined);
    await connection?.close();
  }

  async #connect(): Promise<void> {
    const { url, logger, onChannel } = this.#options;
    try {
      const target = new URL(url);
      target.searchParams.set("heartbeat", String(HEARTBEAT_S));
      const connection = await connect(target.href, { timeout: CONNECT_TIMEOUT_MS });
      let lost = false;
      const lose = (reason: unknown): void => {
        if (lost) return;
        lost = true;
        this.#lose(reason);
      };
      connection.on("error", lose);
      connection.on("close", lose);
      this.#connection = connection;
      const channel = await connection.createConfirmChannel();
      // A channel that closes, by the broker or by whoever uses it, takes the connection with it: one way to recover is enough.
      channel.on("error", (error: unknown) => this.#tell(errorLine(error)));
      channel.on("close", () => void connection.close().catch(() => undefined));
      await onChannel(channel);
      if (lost) return;
      this.#channel = channel;
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#told = "";
      logger.info("broker_connected");
    } catch (error) {
      void this.#connection?.close().catch(() => undefined);
      this.#lose(error);
    }
  }

  #lose(reason: unknown): void {
    this.#connection = this.#channel = undefined;
    if (this.#closed) return;
    this.#tell(errorLine(reason ?? "closed"));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** Once for each reason, not with every attempt. */
  #tell(reason: string): void {
    if (reason !== this.#told) this.#options.logger.warn({ reason }, "broker_unavailable");
    this.#told = reason;
  }
}
