import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { freePort } from "../../apps/cli/src/stack/port.ts";
import type { PostgresServer } from "./postgres.ts";
import type { RedisServer } from "./redis.ts";

const compose = readFileSync(fileURLToPath(new URL("../../docker-compose.yml", import.meta.url)), "utf8");
const imageOf = (name: string): string => new RegExp(`image: (${name}:\\S+)`).exec(compose)![1];

/** The images of a team's deployment. */
export const images = { postgres: imageOf("postgres"), redis: imageOf("redis") };

/** Every container of a test has it, with the process of vitest as its value, so that what is left over can be found. */
const label = "org.espalier.test";

/** An image that is not here has to be pulled in this time. */
const pullSeconds = 120;

/**
 * The version of the Docker that starts servers of tests.
 * @throws {Error} why it cannot, in one line: no Docker answers, or it has an image neither here nor from a registry
 */
export async function dockerForTests(): Promise<string> {
  const { getContainerRuntimeClient, ImageName } = await testcontainers();
  const client = await within(10, getContainerRuntimeClient()).catch(() => {
    throw new Error("no Docker answers");
  });
  for (const image of Object.values(images)) {
    const here = await client.container.dockerode
      .getImage(image)
      .inspect()
      .then(
        () => true,
        () => false,
      );
    if (here) continue;
    await within(pullSeconds, client.image.pull(ImageName.fromString(image))).catch((error: unknown) => {
      throw new Error(`${image} cannot be pulled (${String(error).split("\n")[0]})`);
    });
  }
  return String(client.info.containerRuntime.serverVersion);
}

/** Removes the containers of this run that a test has left. */
export async function removeContainers(): Promise<void> {
  const { getContainerRuntimeClient } = await testcontainers();
  const { container } = await getContainerRuntimeClient();
  for (const { Id, Labels } of await container.list())
    if (Labels[label] === String(runOf()))
      await container.dockerode.getContainer(Id).remove({ force: true, v: true });
}

/** Loaded where it is needed: it is large. Its reaper is an image of its own, and what is left over is removed here. */
async function testcontainers() {
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
  return import("testcontainers");
}

/** Vitest's own process, in it and in its workers. */
const runOf = (): number => (process.env["VITEST_WORKER_ID"] === undefined ? process.pid : process.ppid);

function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = sleep(seconds * 1000, undefined, { signal: late.signal }).then(() => {
    throw new Error(`no answer within ${seconds} s`);
  });
  timeout.catch(() => undefined);
  return Promise.race([work, timeout]).finally(() => late.abort());
}

interface Container {
  image: string;
  /** On which its server listens. */
  port: number;
  command: string[];
  environment?: Record<string, string>;
  answers: (port: number) => Promise<void>;
}

/** Starts a container whose port on loopback stays the same when it is stopped and started again. */
async function start({ image, port, command, environment = {}, answers }: Container) {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await testcontainers();
  const host = await freePort();
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const started = await new GenericContainer(image)
    .withExposedPorts({ container: port, host })
    .withEnvironment(environment)
    .withCommand(command)
    .withLabels({ [label]: String(runOf()) })
    // Whether it answers is seen below, from where the tests ask.
    .withWaitStrategy(Wait.forSuccessfulCommand("true"))
    .withStartupTimeout(60_000)
    .start();
  const container = dockerode.getContainer(started.getId());
  const ready = async () => {
    for (const until = Date.now() + 60_000; ; await sleep(50))
      try {
        return await answers(host);
      } catch (error) {
        if (Date.now() > until) throw new Error(`${image} does not answer`, { cause: error });
      }
  };
  await ready();
  return {
    host,
    kill: async (signal: string) => {
      const ended = container.wait();
      // One that has ended cannot be killed.
      await container.kill({ signal }).catch(() => undefined);
      await ended;
    },
    start: async () => {
      await container.start();
      await ready();
    },
    remove: () => container.remove({ force: true, v: true }).then(() => undefined),
  };
}

/** As `startPostgres`, in a container. */
export async function startPostgresContainer(settings: readonly string[]): Promise<PostgresServer> {
  const password = randomBytes(12).toString("hex");
  const urlOn = (port: number) => `postgresql://espalier:${password}@127.0.0.1:${port}/espalier`;
  const {
    host,
    kill,
    start: again,
    remove,
  } = await start({
    image: images.postgres,
    port: 5432,
    // The process may crash here, not the host.
    command: ["postgres", "-c", "fsync=off", ...settings.flatMap((setting) => ["-c", setting])],
    environment: {
      POSTGRES_USER: "espalier",
      POSTGRES_DB: "espalier",
      POSTGRES_PASSWORD: password,
      POSTGRES_INITDB_ARGS: "--no-sync",
    },
    async answers(port) {
      const client = new pg.Client({ connectionString: urlOn(port), connectionTimeoutMillis: 5_000 });
      client.on("error", () => undefined);
      try {
        await client.connect();
      } finally {
        await client.end().catch(() => undefined);
      }
    },
  });
  return {
    url: urlOn(host),
    start: again,
    // What these signals mean to PostgreSQL: a fast shutdown, and an immediate one.
    stop: () => kill("SIGINT"),
    crash: () => kill("SIGQUIT"),
    remove,
  };
}

/** As `startRedis`, in a container. */
export async function startRedisContainer(): Promise<RedisServer> {
  const {
    host,
    kill,
    start: again,
    remove,
  } = await start({
    image: images.redis,
    port: 6379,
    command: [
      "redis-server",
      "--protected-mode",
      "no",
      "--appendonly",
      "no",
      "--maxmemory-policy",
      "noeviction",
      "--save",
      "",
    ],
    // Docker takes connections for a server that is not there yet.
    async answers(port) {
      const socket = connect(port, "127.0.0.1");
      socket.write("PING\r\n");
      try {
        const [reply] = (await Promise.race([once(socket, "data"), once(socket, "close")])) as [unknown];
        if (String(reply) !== "+PONG\r\n") throw new Error("no answer");
      } finally {
        socket.destroy();
      }
    },
  });
  return { url: `redis://127.0.0.1:${host}`, start: again, stop: () => kill("SIGKILL"), remove };
}
