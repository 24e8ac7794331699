import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A server that ends every connection as PostgreSQL does when it has no place for it, with this SQLSTATE. */
export async function refusingPostgres(
  sqlState: string,
): Promise<{ url: string; close: () => Promise<void> }> {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0Mnot now\0\0`);
  const refusal = Buffer.alloc(5);
  refusal.write("E");
  refusal.writeInt32BE(fields.length + 4, 1);
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(Buffer.concat([refusal, fields])));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgresql://espalier@127.0.0.1:${port}/espalier`,
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
