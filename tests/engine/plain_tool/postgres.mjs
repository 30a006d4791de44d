// As much of PostgreSQL's protocol as a migration tool needs: SCRAM-SHA-256 and simple queries.
// Source: https://www.postgresql.org/docs/current/protocol-message-formats.html

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import net from "node:net";

const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const message = (kind, body) => {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

export async function connect(address) {
  const url = new URL(address);
  const user = decodeURIComponent(url.username);
  const socket = net.connect(Number(url.port || 5432), url.hostname);
  const heard = messages(socket);
  const read = async () => {
    const { value, done } = await heard.next();
    if (done) throw new Error("error: the connection was cut");
    if (value.kind === "E") throw new Error(`error: ${/\0M([^\0]*)/.exec(`\0${value.body.toString()}`)?.[1]}`);
    return value;
  };
  const words = ["user", user, "database", url.pathname.slice(1), "application_name"];
  words.push(url.searchParams.get("application_name") ?? "migrate", "");
  const startup = Buffer.from(`\0\x03\0\0${words.join("\0")}\0`, "latin1");
  const length = Buffer.alloc(4);
  length.writeInt32BE(startup.length + 4);
  socket.write(Buffer.concat([length, startup]));
  await authenticate(socket, read, decodeURIComponent(url.password));
  while ((await read()).kind !== "Z");

  return {
    async query(sql) {
      socket.write(message("Q", Buffer.from(`${sql}\0`)));
      const rows = [];
      let failure;
      for (;;) {
        const { value, done } = await heard.next();
        if (done) throw new Error("error: the connection was cut");
        if (value.kind === "E") failure = `error: ${/\0M([^\0]*)/.exec(`\0${value.body.toString()}`)?.[1]}`;
        if (value.kind === "D") rows.push(columns(value.body));
        if (value.kind === "Z") break;
      }
      if (failure) throw new Error(failure);
      return rows;
    },
    end() {
      socket.end(message("X", Buffer.alloc(0)));
    },
  };
}

async function* messages(socket) {
  let rest = Buffer.alloc(0);
  try {
    for await (const piece of socket) {
      rest = Buffer.concat([rest, piece]);
      while (rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
        const end = rest.readInt32BE(1) + 1;
        yield { kind: String.fromCharCode(rest[0]), body: rest.subarray(5, end) };
        rest = rest.subarray(end);
      }
    }
  } catch {
    // Reset: the same as an end.
  }
}

function columns(body) {
  const found = [];
  for (let place = 2; place < body.length; ) {
    const size = body.readInt32BE(place);
    place += 4;
    found.push(size < 0 ? null : body.subarray(place, place + size).toString());
    place += Math.max(size, 0);
  }
  return found;
}

async function authenticate(socket, read, password) {
  await read();
  const first = `n=,r=${randomBytes(18).toString("base64")}`;
  const size = Buffer.alloc(4);
  size.writeInt32BE(first.length + 3);
  socket.write(message("p", Buffer.concat([Buffer.from("SCRAM-SHA-256\0"), size, Buffer.from(`n,,${first}`)])));
  const challenge = (await read()).body.subarray(4).toString();
  const { r, s, i } = Object.fromEntries(challenge.split(",").map((each) => [each[0], each.slice(2)]));
  const salted = pbkdf2Sync(password, Buffer.from(s, "base64"), Number(i), 32, "sha256");
  const key = hmac(salted, "Client Key");
  const last = `c=biws,r=${r}`;
  const signature = hmac(createHash("sha256").update(key).digest(), `${first},${challenge},${last}`);
  const proof = Buffer.from(key.map((each, place) => each ^ signature[place])).toString("base64");
  socket.write(message("p", Buffer.from(`${last},p=${proof}`)));
}
