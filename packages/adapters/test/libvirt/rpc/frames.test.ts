import {
  type Arbitrary,
  array,
  assert,
  integer,
  nat,
  property,
  record,
  uint8Array,
} from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeFrame,
  type Frame,
  frameBytesMax,
  FrameSplitter,
  headerBytes,
} from "../../../src/libvirt/rpc/frames.ts";
import { LibvirtConnectionError } from "../../../src/libvirt/rpc/libvirt-connection-error.ts";

const uint32 = nat({ max: 0xffff_ffff });
const int32 = integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const anyFrame: Arbitrary<Frame> = record({
  program: uint32,
  version: uint32,
  procedure: int32,
  type: int32,
  serial: uint32,
  status: int32,
  payload: uint8Array({ maxLength: 64 }),
});

describe("FrameSplitter", () => {
  it("gives the frames that were written, wherever the bytes are cut", () => {
    assert(
      property(array(anyFrame, { maxLength: 5 }), array(nat({ max: 60 })), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(encodeFrame));

        expect(splitAt(bytes, cuts).map(plain)).toEqual(frames.map(plain));
      }),
    );
  });

  it("gives a frame that is cut at every byte once its last byte is there", () => {
    const frame: Frame = {
      program: 0x20008086,
      version: 1,
      procedure: 59,
      type: 1,
      serial: 7,
      status: 0,
      payload: Buffer.from("0000000474657374", "hex"),
    };
    const bytes = encodeFrame(frame);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const splitter = new FrameSplitter();
      const before = splitter.push(bytes.subarray(0, cut));
      const after = splitter.push(bytes.subarray(cut));

      expect(before).toHaveLength(cut === bytes.length ? 1 : 0);
      expect([...before, ...after].map(plain)).toEqual([plain(frame)]);
    }
  });

  it.each([0, 4, headerBytes - 1, frameBytesMax + 1, 0xffff_ffff])(
    "refuses a length of %i before it takes in what follows",
    (length) => {
      const announced = Buffer.alloc(4);
      announced.writeUInt32BE(length);

      expect(() => new FrameSplitter().push(announced)).toThrow(LibvirtConnectionError);
    },
  );
});

function splitAt(bytes: Buffer, cuts: readonly number[]): readonly Frame[] {
  const splitter = new FrameSplitter();
  const frames: Frame[] = [];
  let at = 0;
  for (const length of [...cuts, bytes.length]) {
    frames.push(...splitter.push(bytes.subarray(at, at + length)));
    at = Math.min(at + length, bytes.length);
  }
  return frames;
}

function plain(frame: Frame): object {
  return { ...frame, payload: [...frame.payload] };
}
