import { ContainerModule } from "inversify";
import { authorityOf } from "../config/network-address.ts";
import { tokens } from "./tokens.ts";
import { transportLimits } from "./transport-limits.ts";

/** The API over gRPC, on a port of its own. */
export const grpcModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.transport)
    .toResolvedValue(
      async ({ config }, { authenticate, handlers, observer }, { tls: source }, logger) => {
        const { createGrpcTransport } = await import("@persys/transports");
        const transport = createGrpcTransport({
          handlers,
          host: config.grpcAddress,
          port: config.grpcPort,
          authenticate,
          observer,
          ...(source === undefined
            ? {}
            : { tls: { source, clientCertificates: config.grpcClientCertificates } }),
          limits: transportLimits(config),
          logger,
        });
        return {
          name: "grpc" as const,
          place: {
            what: "gRPC",
            address: config.grpcAddress,
            port: config.grpcPort,
            addressSetting: "PERSYS_GRPC_ADDR",
            portSetting: "PERSYS_GRPC_PORT",
          },
          start: async () => authorityOf(config.grpcAddress, (await transport.start()).port),
          stop: (graceMs: number) => transport.stop(graceMs),
        };
      },
      [tokens.settings, tokens.guard, tokens.access, tokens.logger],
    )
    .inSingletonScope();
});
