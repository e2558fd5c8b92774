import { ContainerModule } from "inversify";
import { httpOrigin } from "../config/network-address.ts";
import { tokens } from "./tokens.ts";

/** Who calls with the token of the token file: whoever runs this agent. The name stands in the history of requests. */
const tokenPrincipal = { identity: "token", role: "admin" } as const;

/** The API over Connect, gRPC-Web and gRPC in cleartext, on one port, for whoever has the token. */
export const connectModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.transport)
    .toResolvedValue(
      async ({ config, token }, { api }, logger) => {
        const { bearerAuthenticator, createAgentHandlers, createConnectTransport } = await import(
          "@persys/transports"
        );
        const transport = createConnectTransport({
          handlers: createAgentHandlers({ api, logger }),
          host: config.httpAddress,
          port: config.httpPort,
          authenticate: bearerAuthenticator(new Map([[token, tokenPrincipal]])),
          logger,
        });
        return {
          name: "http",
          place: {
            what: "the API",
            address: config.httpAddress,
            port: config.httpPort,
            addressSetting: "PERSYS_HTTP_ADDR",
            portSetting: "PERSYS_HTTP_PORT",
          },
          start: async () => httpOrigin(config.httpAddress, (await transport.start()).port),
          stop: (graceMs: number) => transport.stop(graceMs),
        };
      },
      [tokens.settings, tokens.engine, tokens.logger],
    )
    .inSingletonScope();
});
