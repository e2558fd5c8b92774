import type { WorkloadStatus } from "@persys/client/contract";
import type { Palette } from "../output.ts";
import { humanDuration, rfc3339 } from "../text/duration.ts";
import { desiredName, healthName, runtimeName, stateName, statePaint } from "../text/names.ts";
import { statusSentence } from "../text/status-sentence.ts";
import type { Column } from "../text/table.ts";

/** A column of a table that goes on growing, where later rows may need more room than the first. */
export interface StatusColumn extends Column<WorkloadStatus> {
  readonly widthMin?: number;
  /** It is left out of a table in which it would be empty. */
  readonly onlyIfFilled?: boolean;
}

/** The columns that say something about these rows, or about any. */
export function neededColumns(
  columns: readonly StatusColumn[],
  rows: readonly WorkloadStatus[],
): readonly StatusColumn[] {
  return columns.filter(
    ({ onlyIfFilled = false, text }) => !onlyIfFilled || rows.some((row) => text(row) !== ""),
  );
}

/** The columns for a list of workloads: ages for a person, or with `wide` moments and everything else that fits on a line. */
export function statusColumns(
  palette: Palette,
  now: () => number,
  wide: boolean,
): readonly StatusColumn[] {
  const age = (seconds: bigint): string =>
    seconds === 0n ? "" : humanDuration(now() - Number(seconds) * 1000);
  const time = (seconds: bigint): string => rfc3339(Number(seconds) * 1000);
  const base: readonly StatusColumn[] = [
    { title: "ID", text: (it) => it.id, widthMin: 12 },
    { title: "TYPE", text: runtimeName, widthMin: 9 },
    { title: "WANTED", text: (it) => desiredName(it.desiredState), widthMin: 7 },
    {
      title: "STATE",
      text: (it) => stateName(it.actualState),
      paint: (cell, it) => statePaint(palette, it.actualState)(cell),
      widthMin: 7,
    },
    { title: "RESTARTS", text: (it) => String(it.restarts) },
  ];
  const message: StatusColumn = { title: "MESSAGE", text: statusSentence };
  if (!wide)
    return [...base, { title: "AGE", text: (it) => age(it.createdAt), widthMin: 5 }, message];
  return [
    ...base,
    { title: "HEALTH", text: (it) => healthName(it.health) },
    factColumn("EXIT", "exit"),
    factColumn("IMAGE", "container.image"),
    factColumn("PORTS", "container.ports"),
    { title: "REVISION", text: (it) => it.revisionId },
    { title: "OBSERVED", text: (it) => it.observedRevisionId },
    { title: "GENERATION", text: (it) => String(it.generation) },
    { title: "CREATED", text: (it) => time(it.createdAt) },
    { title: "SINCE", text: (it) => time(it.lastTransitionAt) },
    { title: "SEEN", text: (it) => time(it.observedAt) },
    { title: "NEXT TRY", text: (it) => time(it.failure?.nextRetryAt ?? 0n) },
    message,
  ];
}

/** A column for a fact that only some runtimes tell. */
function factColumn(title: string, fact: string): StatusColumn {
  return { title, text: (it) => it.metadata[fact] ?? "", onlyIfFilled: true };
}
