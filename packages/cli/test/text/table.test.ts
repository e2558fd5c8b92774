import { describe, expect, it } from "vitest";
import { displayWidth, fitWidth } from "../../src/text/display-width.ts";
import { type Column, tableLines } from "../../src/text/table.ts";

interface Row {
  readonly id: string;
  readonly said: string;
}

const columns: readonly Column<Row>[] = [
  { title: "ID", text: (row) => row.id },
  { title: "SAID", text: (row) => row.said },
];

describe("displayWidth", () => {
  it.each([
    ["abc", 3],
    ["世界", 4],
    ["e\u0301", 1],
    ["👩‍💻", 2],
    ["한국", 4],
    ["ｆｕｌｌ", 8],
    ["Größe", 5],
    ["", 0],
  ])("measures %j as %d columns", (text, columnsTaken) => {
    expect(displayWidth(text)).toBe(columnsTaken);
  });
});

describe("fitWidth", () => {
  it("leaves alone what fits", () => {
    expect(fitWidth("abcde", 5)).toBe("abcde");
  });

  it("never cuts a wide character in half", () => {
    expect(fitWidth("世界世界", 6)).toBe("世界…");
  });
});

describe("tableLines", () => {
  it("aligns columns by what the terminal shows", () => {
    const rows = [
      { id: "世界", said: "one" },
      { id: "a", said: "two" },
    ];

    expect(tableLines(columns, rows)).toEqual(["ID    SAID", "世界  one", "a     two"]);
  });

  it("shows an empty cell as a dash", () => {
    expect(tableLines(columns, [{ id: "a", said: "" }])).toEqual(["ID  SAID", "a   -"]);
  });

  it("makes control characters harmless", () => {
    expect(tableLines(columns, [{ id: "a", said: "\u001b[0m" }])[1]).toBe("a   \\x1b[0m");
  });

  it("cuts only the last column to the terminal", () => {
    const rows = [{ id: "workload", said: "a rather long story about nothing" }];

    expect(tableLines(columns, rows, { columnsMax: 30 })[1]).toBe("workload  a rather long story…");
  });
});
