import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";

import { openLine } from "../src/line.js";

async function startEcho(t: TestContext): Promise<string> {
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}/0`;
}

function dial(t: TestContext, url: string) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  t.after(() => socket.destroy());
  return socket;
}

async function echo(t: TestContext, url: string): Promise<string> {
  const socket = dial(t, url);
  socket.write("hello");
  const [data] = (await once(socket, "data")) as [Buffer];
  return data.toString();
}

test("a line carries both ways, and keeps the rest of the address", async (t) => {
  const server = await startEcho(t);
  const line = await openLine(t, server);
  assert.equal(await echo(t, line.url), "hello");
  assert.notEqual(line.url, server);
  assert.match(line.url, /^redis:\/\/127\.0\.0\.1:\d+\/0$/);
});

test("a line that is cut breaks what is open and refuses what comes, until it is mended", async (t) => {
  const line = await openLine(t, await startEcho(t));
  const open = dial(t, line.url).on("error", () => {});
  await once(open, "connect");
  open.write("hello");
  await once(open, "data");

  const closed = once(open, "close");
  await line.cut();
  await closed;
  const [error] = (await once(dial(t, line.url), "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNREFUSED");

  await line.mend();
  assert.equal(await echo(t, line.url), "hello");
});
