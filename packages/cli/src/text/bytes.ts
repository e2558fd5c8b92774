const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A number of bytes for people: `512 B`, `12.4 MiB`. */
export function humanBytes(bytes: bigint): string {
  let amount = Number(bytes);
  for (const unit of units) {
    if (amount < 1024 || unit === "TiB")
      return unit === "B" ? `${amount} B` : `${amount.toFixed(1)} ${unit}`;
    amount /= 1024;
  }
  return "";
}
