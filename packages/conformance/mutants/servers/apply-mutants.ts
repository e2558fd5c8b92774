import { Code } from "@connectrpc/connect";
import { DesiredState } from "@persys/client/contract";
import { applying, failedWith } from "./alter.ts";
import type { ServerMutant } from "./server-mutant.ts";

/** Wrong ways to take a wish. */
export const applyMutants: readonly ServerMutant[] = [
  {
    name: "apply-checks-no-digest",
    breaks: "another spec under the current revision id is skipped as if it were the same",
    clauseHint: "API-004",
    handlers: ({ applyWorkload, getWorkloadStatus }) => ({
      async applyWorkload(request, call) {
        try {
          return await applyWorkload(request, call);
        } catch (error) {
          if (!failedWith(error, Code.Aborted) || request.spec === undefined) throw error;
          const skipped = { applied: false, skipped: true, message: "already applied" };
          const status = await getWorkloadStatus(
            { $typeName: "persys.agent.v1.GetWorkloadStatusRequest", id: request.id },
            call,
          );
          const $typeName = "persys.agent.v1.ApplyWorkloadResponse" as const;
          return { $typeName, ...skipped, ...pick(status) };
        }
      },
    }),
  },
  {
    name: "apply-answers-before-it-stores",
    breaks: "an apply is acknowledged a moment before it is stored",
    clauseHint: "API-060",
    handlers: ({ applyWorkload }) => ({
      async applyWorkload(request, call) {
        if (request.validateOnly) return applyWorkload(request, call);
        const checked = await applyWorkload({ ...request, validateOnly: true }, call);
        setTimeout(() => void applyWorkload(request, call).catch(() => {}), 150);
        return { ...checked, applied: !checked.skipped };
      },
    }),
  },
  {
    name: "apply-says-applied-when-skipped",
    breaks: "an apply that changed nothing is answered as applied",
    clauseHint: "API-003",
    handlers: ({ applyWorkload }) => ({
      async applyWorkload(request, call) {
        const answer = await applyWorkload(request, call);
        return { ...answer, applied: !request.validateOnly, skipped: false };
      },
    }),
  },
  {
    name: "apply-forgets-the-expected-generation",
    breaks: "the expected generation is not looked at",
    clauseHint: "API-020",
    handlers: ({ applyWorkload }) => ({
      applyWorkload: (request, call) => {
        const blind = { ...request };
        delete blind.expectedGeneration;
        return applyWorkload(blind, call);
      },
    }),
  },
  {
    name: "apply-stores-what-is-only-checked",
    breaks: "validate_only stores the wish",
    clauseHint: "API-030",
    handlers: ({ applyWorkload }) => ({
      async applyWorkload(request, call) {
        const answer = await applyWorkload(request, call);
        if (request.validateOnly) await applyWorkload({ ...request, validateOnly: false }, call);
        return answer;
      },
    }),
  },
  {
    name: "apply-does-not-wait",
    breaks: "an apply that waits answers at once",
    clauseHint: "API-027",
    handlers: applying((request) => ({ ...request, wait: false })),
  },
  {
    name: "apply-derives-by-chance",
    breaks: "a revision without an id is given one by chance",
    clauseHint: "API-007",
    handlers: applying((request) =>
      request.revisionId === "" && request.spec !== undefined
        ? { ...request, revisionId: crypto.randomUUID() }
        : request,
    ),
  },
  {
    name: "apply-cannot-stop",
    breaks: "the wanted state of an apply without a spec is ignored",
    clauseHint: "API-009",
    handlers: applying((request) =>
      request.spec === undefined && request.desiredState === DesiredState.STOPPED
        ? { ...request, desiredState: DesiredState.RUNNING }
        : request,
    ),
  },
  {
    name: "apply-trims-ids",
    breaks: "an id outside the grammar is made to fit",
    clauseHint: "API-034",
    handlers: applying((request) => ({
      ...request,
      id: request.id.replaceAll(/[^A-Za-z0-9_.-]/g, "").replace(/^[^A-Za-z0-9]+/, "x") || "x",
    })),
  },
  {
    name: "delete-of-unknown-fails",
    breaks: "deleting an unknown id is NOT_FOUND",
    clauseHint: "API-050",
    handlers: ({ deleteWorkload, getWorkloadStatus }) => ({
      async deleteWorkload(request, call) {
        const { id } = request;
        await getWorkloadStatus(
          { $typeName: "persys.agent.v1.GetWorkloadStatusRequest", id },
          call,
        );
        return deleteWorkload(request, call);
      },
    }),
  },
  {
    name: "delete-only-stops",
    breaks: "a delete stops the workload and keeps it",
    clauseHint: "API-051",
    handlers: ({ deleteWorkload, applyWorkload }) => {
      const kept = new Set<string>();
      return {
        async deleteWorkload(request, call) {
          const { id } = request;
          // A second delete has its way: a case can clear away.
          if (kept.has(id)) return deleteWorkload(request, call);
          kept.add(id);
          const $typeName = "persys.agent.v1.ApplyWorkloadRequest" as const;
          const common = { type: 0, revisionId: "", validateOnly: false, wait: false } as const;
          const stop = { $typeName, id, desiredState: DesiredState.STOPPED, ...common };
          try {
            const { status } = await applyWorkload(stop, call);
            return {
              $typeName: "persys.agent.v1.DeleteWorkloadResponse",
              success: true,
              existed: true,
              message: "deletion accepted",
              ...pick({ status }),
            };
          } catch {
            // There is nothing to stop.
            return deleteWorkload(request, call);
          }
        },
      };
    },
  },
];

/** The status, where there is one. */
function pick<S>({ status }: { readonly status?: S | undefined }): { readonly status?: S } {
  return status === undefined ? {} : { status };
}
