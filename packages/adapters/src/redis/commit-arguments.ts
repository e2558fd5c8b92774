import { unreachable } from "@persys/core";
import type { EntryWrite } from "../shared/record-codec/encode-batch.ts";
import type { Argument } from "./redis-connection.ts";

/** The changes as the commit script takes them: how many values are put, then each change. */
export function commitArguments(writes: readonly EntryWrite[]): readonly Argument[] {
  const args: Argument[] = [0];
  let puts = 0;
  for (const write of writes) {
    switch (write.kind) {
      case "put-record":
        puts += 1;
        args.push("1", write.id, write.bytes);
        break;
      case "delete-record":
        args.push("2", write.id);
        break;
      case "put-action":
        puts += 1;
        args.push("3", write.seq, write.bytes);
        break;
      case "delete-actions":
        for (const seq of write.seqs) args.push("4", seq);
        break;
      default:
        unreachable(write);
    }
  }
  args[0] = puts;
  return args;
}

/** The removal of history entries, as the commit script takes it. */
export function removalOf(fields: readonly string[]): readonly Argument[] {
  return [0, ...fields.flatMap((field) => ["4", field])];
}
