import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { listOf } from "./list-type.ts";
import { absolutePath, absolutePathOr, oneOf, truth } from "./option-type.ts";

type SecuritySetting =
  | "tlsEnabled"
  | "tlsCert"
  | "tlsKey"
  | "tlsCa"
  | "tlsCrl"
  | "grpcClientCertificates"
  | "adminIdentities"
  | "accessFile";

const section = "TLS and access";
const certificateFolder = "/etc/persys/certs/agent";

/** The rows of the table about who may call, and over what. */
export const securityOptions: { readonly [Name in SecuritySetting]: ConfigOption<Config[Name]> } = {
  tlsEnabled: {
    section,
    key: "tls_enabled",
    env: ["PERSYS_TLS_ENABLED"],
    type: truth,
    standard: true,
    development: () => false,
    doc: "Whether the API speaks TLS (1.2 or 1.3) and asks its clients for certificates. The development profile makes itself certificates when this is true.",
  },
  tlsCert: {
    section,
    key: "tls_cert_path",
    env: ["PERSYS_TLS_CERT", "PERSYS_TLS_CERT_PATH"],
    type: absolutePath,
    standard: `${certificateFolder}/compute-agent.pem`,
    development: (devDir) => `${devDir}/certs/agent.pem`,
    doc: "The agent's certificate, PEM, followed by what links it to its authority. The files of TLS are read again whenever they change; what does not fit together leaves the last good ones in use.",
  },
  tlsKey: {
    section,
    key: "tls_key_path",
    env: ["PERSYS_TLS_KEY", "PERSYS_TLS_KEY_PATH"],
    type: absolutePath,
    standard: `${certificateFolder}/compute-agent-key.pem`,
    development: (devDir) => `${devDir}/certs/agent-key.pem`,
    doc: "The private key of that certificate, PEM, not encrypted.",
  },
  tlsCa: {
    section,
    key: "tls_ca_path",
    env: ["PERSYS_TLS_CA", "PERSYS_TLS_CA_PATH"],
    type: absolutePath,
    standard: `${certificateFolder}/ca.pem`,
    development: (devDir) => `${devDir}/certs/ca.pem`,
    doc: "The authorities whose clients are known, PEM. Connections of clients of an authority that is taken away are ended.",
  },
  tlsCrl: {
    section,
    key: "tls_crl_path",
    env: ["PERSYS_TLS_CRL", "PERSYS_TLS_CRL_PATH"],
    type: absolutePathOr("none"),
    standard: "none",
    doc: "Lists of certificates that those authorities have revoked, PEM. Connections of clients that appear on one are ended.",
  },
  grpcClientCertificates: {
    section,
    key: "grpc_client_certs",
    env: ["PERSYS_GRPC_CLIENT_CERTS"],
    type: oneOf("required", "asked"),
    standard: "required",
    doc: "Whether the gRPC port turns clients without a trusted certificate away in the handshake (`required`), or hears those that bring a token instead (`asked`), as the other port does, which browsers use.",
  },
  adminIdentities: {
    section,
    key: "admin_identities",
    env: ["PERSYS_ADMIN_IDENTITIES"],
    type: listOf({
      name: "names of callers",
      rule: "a name, such as persys-scheduler, cn:ops or spiffe://persys.local/scheduler",
      read: (text) => text,
      write: (text) => text,
    }),
    standard: [],
    doc: "Callers that may do everything, by the common name, DNS name or SPIFFE id of their certificate. A certificate alone gives nobody a role.",
  },
  accessFile: {
    section,
    key: "access_file",
    env: ["PERSYS_ACCESS_FILE"],
    type: absolutePathOr("none"),
    standard: "none",
    doc: "File that says who may do what: rules by certificate, hashed token or web token, each with a role (viewer, operator, admin) and the workloads it is for ([docs/security.md](security.md)). Read again whenever it changes; one that is wrong leaves the last good one in force.",
  },
};
