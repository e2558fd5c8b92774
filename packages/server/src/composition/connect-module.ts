import { ContainerModule } from "inversify";
import { httpOrigin } from "../config/network-address.ts";
import { tokens } from "./tokens.ts";

/** The API over Connect, gRPC-Web and gRPC, on one port. */
export const connectModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.transport)
    .toResolvedValue(
      async ({ config }, { api }, access, logger) => {
        const { createAgentHandlers, createConnectTransport } = await import("@persys/transports");
        const { authenticate, tls: source } = access;
        const transport = createConnectTransport({
          handlers: createAgentHandlers({ api, logger }),
          host: config.httpAddress,
          port: config.httpPort,
          authenticate,
          ...(source === undefined
            ? {}
            : { tls: { source, clientCertificates: "asked" as const } }),
          logger,
        });
        return {
          name: "http" as const,
          place: {
            what: "the API",
            address: config.httpAddress,
            port: config.httpPort,
            addressSetting: "PERSYS_HTTP_ADDR",
            portSetting: "PERSYS_HTTP_PORT",
          },
          start: async () => {
            const { port } = await transport.start();
            return httpOrigin(config.httpAddress, port, config.tlsEnabled);
          },
          stop: (graceMs: number) => transport.stop(graceMs),
        };
      },
      [tokens.settings, tokens.engine, tokens.access, tokens.logger],
    )
    .inSingletonScope();
});
