import { describe, expect, it } from "vitest";
import { fetchedRepositoryOf, isReadOnTheWay, repositoryOf } from "../../src/compose/git-source.ts";

describe("repositoryOf", () => {
  it("says where a repository is, in the one way to write that, and whether fetching sends it a password", () => {
    const field = "git.repository";
    const url = "https://git.example/Team/shop.git";
    const repository = "https://GIT.example:443/Team/shop.git";
    expect(fetchedRepositoryOf({ repository })).toEqual({ url, field });
    expect(fetchedRepositoryOf({ repository, password: "" })).toEqual({ url, field });
    const source = { repository, password: "env:TOKEN" };
    expect(fetchedRepositoryOf(source)).toEqual({ url, field, sendsPassword: true });
    expect(repositoryOf(source)).toEqual({ url, field });
  });
});

describe("isReadOnTheWay", () => {
  it.each([
    ["https://git.example/shop.git", false],
    ["http://git.example/shop.git", true],
    ["http://localhost/shop.git", true],
    ["http://127.0.0.1.example/shop.git", true],
    ["http://127.1:3000/shop.git", false],
    ["http://[::1]/shop.git", false],
  ])("%s: %s", (repository, isRead) => {
    expect(isReadOnTheWay(repository)).toBe(isRead);
  });
});
