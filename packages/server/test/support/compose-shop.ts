import { stringify } from "yaml";
import { testImages } from "../../../../test/docker/test-images.ts";

type Members = Readonly<Record<string, unknown>>;

/** What a shop is to have beside what every shop has. */
export interface ShopChange {
  /** Members of the web server. */
  readonly web?: Members;
  /** Members of what stands for the database. */
  readonly db?: Members;
  readonly services?: Members;
}

/**
 * The compose file of an application as people run them: a web server, what stands for its database, and a migration that has to be done between
 * the two; two networks, a named volume and health checks. A check fails while `/tmp/sick` (web) or `/sick` (db) is there. It reads TOKEN.
 */
export function shop({ web = {}, db = {}, services = {} }: ShopChange = {}): string {
  return stringify({
    services: {
      web: {
        image: testImages.web,
        restart: "always",
        environment: { GREETING: "hello", TOKEN: "${TOKEN:-none}" },
        ports: ["127.0.0.1::8080"],
        networks: ["front", "back"],
        depends_on: { migration: { condition: "service_completed_successfully" } },
        healthcheck: { test: ["CMD", "test", "!", "-e", "/tmp/sick"], interval: "1s", retries: 1 },
        mem_limit: "64m",
        stop_grace_period: "2s",
        ...web,
      },
      db: {
        image: testImages.busybox,
        command: ["/bin/linger"],
        volumes: ["data:/data"],
        networks: ["back"],
        healthcheck: { test: ["CMD", "test", "!", "-e", "/sick"], interval: "1s", retries: 1 },
        stop_grace_period: "2s",
        ...db,
      },
      migration: {
        image: testImages.busybox,
        command: ["sh", "-c", "echo migrated | tee -a /data/log"],
        depends_on: { db: { condition: "service_healthy" } },
        volumes: ["data:/data"],
        networks: ["back"],
      },
      ...services,
    },
    networks: { front: {}, back: { internal: true } },
    volumes: { data: {} },
  });
}
