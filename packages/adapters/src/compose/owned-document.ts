import type { Target } from "@persys/core";
import { type ComposeDocument, isMap } from "./compose-document.ts";
import { projectLabels, serviceLabels } from "./project-labels.ts";

/**
 * A compose file with our marks on all that is made from it. They are the same for every revision, so that a service that has not changed keeps
 * its containers.
 */
export function ownedDocument(
  document: ComposeDocument,
  target: Pick<Target, "id" | "uid">,
  nodeId: string,
): ComposeDocument {
  const project = projectLabels(target, nodeId);
  const service = serviceLabels(target, nodeId);
  const { networks = {}, services, volumes } = document;
  const withDefault = isMap(networks) ? { default: null, ...networks } : networks;
  return {
    ...document,
    services: labelled(services, service),
    networks: labelled(withDefault, project),
    ...(volumes === undefined ? {} : { volumes: labelled(volumes, project) }),
  };
}

type Labels = Readonly<Record<string, string>>;

function labelled(parts: unknown, labels: Labels): unknown {
  if (!isMap(parts)) return parts;
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => {
      const members = isMap(part) ? part : {};
      return [name, { ...members, labels: merged(members["labels"], labels) }];
    }),
  );
}

/** A dollar would be read as the beginning of a variable. */
function merged(given: unknown, labels: Labels): unknown {
  const own = Object.entries(labels).map(
    ([name, it]) => [name, it.replaceAll("$", "$$$$")] as const,
  );
  const list: readonly unknown[] | undefined = Array.isArray(given) ? given : undefined;
  if (list !== undefined) return [...list, ...own.map(([name, it]) => `${name}=${it}`)];
  return { ...(isMap(given) ? given : {}), ...Object.fromEntries(own) };
}
