import { ContainerModule } from "inversify";
import { openAgentAccess } from "../security/access/agent-access.ts";
import { makeDevelopmentCertificates } from "../security/certificates/development-certificates.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { tokens } from "./tokens.ts";

/** Who may call the agent, by certificates, tokens and the access file. */
export const accessModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.access)
    .toResolvedValue(
      async (settings, clock, logger) => {
        const accessFile = await accessFileOf(settings);
        const config = { ...settings.config, accessFile };
        return openAgentAccess({ config, token: settings.token, clock, logger });
      },
      [tokens.settings, tokens.clock, tokens.logger],
    )
    .inSingletonScope()
    .onDeactivation((access) => access.close());
});

/** A development agent that is to speak TLS makes what it needs for that, unless it was told where it is. */
async function accessFileOf({ config, dev }: AgentSettings): Promise<string> {
  const folder = `${config.devDir}/certs`;
  if (!dev || !config.tlsEnabled || config.tlsCert !== `${folder}/agent.pem`) {
    return config.accessFile;
  }
  const made = await makeDevelopmentCertificates({ folder });
  return config.accessFile === "none" ? made.accessFile : config.accessFile;
}
