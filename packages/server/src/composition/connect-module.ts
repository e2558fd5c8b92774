import { ContainerModule } from "inversify";
import { httpOrigin } from "../config/network-address.ts";
import { tokens } from "./tokens.ts";
import { transportLimits } from "./transport-limits.ts";

/** The API over Connect, gRPC-Web and gRPC, on one port. */
export const connectModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.transport)
    .toResolvedValue(
      async ({ config }, { authenticate, handlers, observer }, { tls: source }, logger) => {
        const { createConnectTransport } = await import("@persys/transports");
        const transport = createConnectTransport({
          handlers,
          host: config.httpAddress,
          port: config.httpPort,
          allowedOrigins: config.httpAllowedOrigins,
          hosts: config.httpHosts,
          authenticate,
          observer,
          ...(source === undefined
            ? {}
            : { tls: { source, clientCertificates: "asked" as const } }),
          limits: transportLimits(config),
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
      [tokens.settings, tokens.guard, tokens.access, tokens.logger],
    )
    .inSingletonScope();
});
