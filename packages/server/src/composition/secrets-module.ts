import { ContainerModule } from "inversify";
import { AesSecretSealer } from "../security/secrets/aes-secret-sealer.ts";
import { HostSecretSource } from "../security/secrets/host-secret-source.ts";
import { readOrMakeSecretKeys } from "../security/secrets/key-file.ts";
import { tokens } from "./tokens.ts";

/** What keeps the secrets of workloads unreadable while they are stored, by the keys in the agent's file, and what finds those they refer to. */
export const secretsModule: ContainerModule = new ContainerModule(({ bind }) => {
  bind(tokens.secretSealer)
    .toResolvedValue(
      ({ config }) => {
        const file = config.secretKeysFile;
        return new AesSecretSealer(readOrMakeSecretKeys(file), file);
      },
      [tokens.settings],
    )
    .inSingletonScope();
  bind(tokens.secretSource)
    .toResolvedValue(
      (policy) => new HostSecretSource({ policy, env: process.env }),
      [tokens.hostPolicy],
    )
    .inSingletonScope();
});
