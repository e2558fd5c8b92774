import { standardProtectedPaths } from "@persys/core";
import { describe, expect, it } from "vitest";
import { denied, judge, mount } from "./judged.ts";

const everywhere = { allowedHostPaths: [{ path: "/", readOnly: false }] };
const data = { allowedHostPaths: [{ path: "/data", readOnly: false }] };

describe("host paths", () => {
  it("are denied where none is allowed, with the setting that would allow them", () => {
    expect(judge(mount("/data"))).toEqual([
      {
        rule: "host-path",
        field: "volumes[0].hostPath",
        seen: "/data",
        message:
          "this node allows no host paths: add /data, or a folder around it, to allowedHostPaths on the node",
        setting: "allowedHostPaths",
      },
    ]);
  });

  it.each([
    ["/data", []],
    ["/data/", []],
    ["/data/a/b", []],
    ["/data//a/./b", []],
    ["/data-evil", ["host-path"]],
    ["/dat", ["host-path"]],
    ["/DATA", ["host-path"]],
    ["/srv/data", ["host-path"]],
  ])("are allowed part by part: %s", (path, rules) => {
    expect(denied(mount(path), data)).toEqual(rules);
  });

  it("that are spelled with other letters for the same sign are other paths", () => {
    const composed = { allowedHostPaths: [{ path: "/dat\u00e9", readOnly: false }] };

    expect(denied(mount("/dat\u00e9"), composed)).toEqual([]);
    expect(denied(mount("/date\u0301"), composed)).toEqual(["host-path"]);
  });

  it.each(standardProtectedPaths)("%s is denied though everything is allowed", (path) => {
    expect(denied(mount(path), everywhere)).toEqual(["host-path-protected"]);
    expect(denied(mount(`${path}/in/it`), everywhere)).toEqual(["host-path-protected"]);
    expect(denied(mount(path, { readOnly: true }), everywhere)).toEqual(["host-path-protected"]);
    const parent = path.slice(0, path.lastIndexOf("/")) || "/";
    expect(denied(mount(parent), everywhere)).toEqual(["host-path-protected"]);
  });

  it.each(["/", "//", "/.", "/srv/.."])("the root as %s is denied", (path) => {
    expect(denied(mount(path), everywhere)).toEqual(["host-path-protected"]);
  });

  it("that hold the agent's own folders are denied, and nothing can allow them", () => {
    const protectedPaths = [...standardProtectedPaths, "/srv/persys/state"];
    const rules = { ...everywhere, protectedPaths };

    for (const path of ["/srv", "/srv/persys", "/srv/persys/state", "/srv/persys/state/data.mdb"]) {
      const [denial] = judge(mount(path), rules);
      expect(denial, path).toMatchObject({ rule: "host-path-protected" });
      expect(denial).not.toHaveProperty("setting");
    }
    expect(denied(mount("/srv/persys/state-of-others"), rules)).toEqual([]);
  });

  it("are judged by what they lead to, by how they are written, and by the links on the way", () => {
    const through = { ...data, allowedHostPaths: [...data.allowedHostPaths] };

    expect(denied(mount("/etc/shadow", { written: "/data/link" }), data)).toEqual([
      "host-path-protected",
    ]);
    expect(denied(mount("/data/x", { written: "/proc/self/root/data/x" }), data)).toEqual([
      "host-path-protected",
    ]);
    expect(
      denied(mount("/data/x", { written: "/data/l", links: ["/data/l", "/proc/1/root"] }), data),
    ).toEqual(["host-path-protected"]);
    expect(denied(mount("/data/s", { aliases: ["/run/docker.sock"] }), data)).toEqual([
      "host-path-protected",
    ]);
    expect(denied(mount("/mnt/x", { written: "/data/link" }), through)).toEqual(["host-path"]);
    expect(denied(mount("/data/x", { written: "/mnt/link" }), through)).toEqual([]);
  });

  it("that go up, or lead to what cannot be seen, are denied", () => {
    expect(denied(mount("/data/b", { written: "/data/a/../b" }), data)).toEqual([
      "host-path-unresolved",
    ]);
    expect(denied(mount("/data/b", { unresolved: "EACCES" }), data)).toEqual([
      "host-path-unresolved",
    ]);
    expect(denied(mount("/data/a..b", { written: "/data/a..b" }), data)).toEqual([]);
  });

  it("that may only be read are not mounted for writing, also not through a folder around them", () => {
    const rules = {
      allowedHostPaths: [
        { path: "/srv", readOnly: false },
        { path: "/srv/shared", readOnly: true },
        { path: "/srv/shared/in", readOnly: false },
      ],
    };

    expect(denied(mount("/srv/own"), rules)).toEqual([]);
    expect(denied(mount("/srv/shared/a"), rules)).toEqual(["host-path-read-only"]);
    expect(denied(mount("/srv/shared/a", { readOnly: true }), rules)).toEqual([]);
    expect(denied(mount("/srv/shared/in/x"), rules)).toEqual([]);
    expect(denied(mount("/srv"), rules)).toEqual(["host-path-read-only"]);
    expect(denied(mount("/srv", { readOnly: true }), rules)).toEqual([]);
  });

  it("named twice count as the narrower entry", () => {
    const twice = {
      allowedHostPaths: [
        { path: "/srv", readOnly: false },
        { path: "/srv/", readOnly: true },
      ],
    };

    expect(denied(mount("/srv/a"), twice)).toEqual(["host-path-read-only"]);
  });

  it("of another machine need a setting of their own besides", () => {
    const there = { elsewhere: true };

    expect(denied(mount("/data/x", there), data)).toEqual(["host-path-elsewhere"]);
    expect(denied(mount("/data/x", there), { ...data, allowRemoteHostPaths: true })).toEqual([]);
    expect(denied(mount("/x", there), { ...data, allowRemoteHostPaths: true })).toEqual([
      "host-path",
    ]);
    expect(denied(mount("/etc", there), { ...data, allowRemoteHostPaths: true })).toEqual([
      "host-path-protected",
    ]);
  });

  it("that a process only begins in are its account's affair", () => {
    expect(denied(mount("/etc", { use: "enter" }))).toEqual([]);
  });
});
