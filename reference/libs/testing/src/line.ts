// The line between a service and a server that it depends on, which a test can cut and mend: an outage of one service's own,
// while others use the same server.

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Line {
  /** The server's address, by way of this line. */
  readonly url: string;
  /** Breaks all connections and refuses new ones. */
  readonly cut: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  "postgresql:": 5432,
  "postgres:": 5432,
  "amqp:": 5672,
  "redis:": 6379,
};

/** Open at first; closed when the test ends. */
export async function openLine(t: TestContext, server: string): Promise<Line> {
  const { hostname, port, protocol } = new URL(server);
  const target = { host: hostname, port: Number(port || DEFAULT_PORTS[protocol]) };
  const ends = new Set<Socket>();
  const tie = (from: Socket, to: Socket): void => {
    ends.add(from);
    from.pipe(to);
    from.on("error", () => {});
    from.once("close", () => {
      ends.delete(from);
      to.destroy();
    });
  };
  const listener = createServer((near) => {
    const far = connect(target);
    tie(near, far);
    tie(far, near);
  });
  const listen = async (at: number): Promise<void> => {
    listener.listen(at, "127.0.0.1");
    await once(listener, "listening");
  };
  const cut = async (): Promise<void> => {
    const closed = new Promise((resolve) => listener.close(resolve));
    for (const end of ends) end.destroy();
    await closed;
  };

  await listen(0);
  t.after(cut);
  const { port: own } = listener.address() as AddressInfo;
  const url = new URL(server);
  url.hostname = "127.0.0.1";
  url.port = String(own);
  return { url: url.href, cut, mend: () => listen(own) };
}
