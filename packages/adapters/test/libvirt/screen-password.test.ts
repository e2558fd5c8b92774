import { describe, expect, it } from "vitest";
import { hasScreen, withScreenPassword } from "../../src/libvirt/screen-password.ts";

const screen = '<graphics type="vnc" port="-1"/>';

describe("withScreenPassword", () => {
  it("gives a screen its password back, and changes nothing else", () => {
    const xml = `<domain><devices>${screen}<graphics type="spice"/></devices></domain>`;

    const whole = withScreenPassword(xml, "a&b");

    expect(whole?.replaceAll(/\s*\n\s*/g, "")).toBe(
      '<domain><devices><graphics type="vnc" port="-1" passwd="a&amp;b"/><graphics type="spice"/></devices></domain>',
    );
    expect(withScreenPassword("words", "a")).toBeUndefined();
  });

  it("is needed only where there is a screen", () => {
    expect(hasScreen(`<domain><devices>${screen}</devices></domain>`)).toBe(true);
    expect(hasScreen("<domain><devices/></domain>")).toBe(false);
    expect(hasScreen("words")).toBe(false);
  });
});
