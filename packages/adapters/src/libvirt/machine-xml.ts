import { isDevice, type Machine, type MachineDisk, type MachineInterface } from "./machine.ts";
import { element, renderXml, type XmlElement } from "./xml.ts";

/** The kind of board of each architecture: the one that QEMU's people recommend. */
const boards = { x86_64: "q35", aarch64: "virt" } as const;

/** How often the guest is asked what memory it uses, in seconds. */
const memoryStatsPeriodSeconds = 10;

/**
 * The description of a machine, with an element in its metadata where one is given. libvirt starts it for nobody: what becomes of a machine
 * that has ended is decided by the engine.
 */
export function machineXml(machine: Machine, ownership?: XmlElement): string {
  return renderXml(
    element("domain", { type: machine.accelerator === "kvm" ? "kvm" : "qemu" }, [
      element("name", {}, machine.name),
      element("uuid", {}, machine.uuid),
      machine.title === undefined ? undefined : element("title", {}, machine.title),
      ownership === undefined ? undefined : element("metadata", {}, [ownership]),
      element("memory", { unit: "MiB" }, String(machine.maxMemoryMb)),
      element("currentMemory", { unit: "MiB" }, String(machine.memoryMb)),
      ...processorElements(machine),
      osElement(machine),
      element("features", {}, [
        element("acpi"),
        machine.architecture === "x86_64" ? element("apic") : undefined,
      ]),
      machine.accelerator === "kvm" ? element("cpu", { mode: "host-model" }) : undefined,
      element("clock", { offset: "utc" }),
      element("on_poweroff", {}, "destroy"),
      element("on_reboot", {}, "restart"),
      element("on_crash", {}, "destroy"),
      devicesElement(machine),
    ]),
  );
}

/** All but the first can be taken away again, also those that are there at the start: where nothing is said of them, they cannot. */
function processorElements({ vcpus, maxVcpus }: Machine): readonly XmlElement[] {
  if (maxVcpus === undefined) return [element("vcpu", { placement: "static" }, String(vcpus))];
  const each = Array.from({ length: maxVcpus }, (_, id) =>
    element("vcpu", {
      id,
      enabled: id < vcpus ? "yes" : "no",
      hotpluggable: id === 0 ? "no" : "yes",
    }),
  );
  return [
    element("vcpu", { placement: "static", current: vcpus }, String(maxVcpus)),
    element("vcpus", {}, each),
  ];
}

/** libvirt would keep the variables of UEFI where nobody finds them who does not know the definition. */
function osElement({ architecture, firmware, variablesPath }: Machine): XmlElement {
  const type = element("type", { arch: architecture, machine: boards[architecture] }, "hvm");
  return firmware === "bios"
    ? element("os", {}, [type])
    : element("os", { firmware: "efi" }, [type, element("nvram", {}, variablesPath)]);
}

function devicesElement(machine: Machine): XmlElement {
  return element("devices", {}, [
    ...machine.disks.map(diskElement),
    ...machine.interfaces.map(interfaceElement),
    element("serial", { type: "pty" }, [
      element("log", { file: machine.consoleLog, append: "on" }),
      element("target", { port: 0 }),
    ]),
    element("channel", { type: "unix" }, [
      element("target", { type: "virtio", name: "org.qemu.guest_agent.0" }),
    ]),
    element("rng", { model: "virtio" }, [element("backend", { model: "random" }, "/dev/urandom")]),
    element("memballoon", { model: "virtio" }, [
      element("stats", { period: memoryStatsPeriodSeconds }),
    ]),
    // Without it a guest whose kernel panics would be taken for one that runs.
    machine.architecture === "x86_64" ? element("panic", { model: "isa" }) : undefined,
    ...screenElements(machine),
  ]);
}

/**
 * Space that the guest frees is given back to the host. A disk that fails pauses the machine, which goes on where it was once the disk is
 * well again: a guest that is told of the error mostly never recovers.
 */
const diskBehaviour = { discard: "unmap", error_policy: "stop" } as const;

function diskElement({ path, device, format, kind, bootOrder }: MachineDisk): XmlElement {
  const isDisk = kind === "disk";
  const [type, source] = isDevice({ path })
    ? (["block", "dev"] as const)
    : (["file", "file"] as const);
  return element("disk", { type, device: kind }, [
    element("driver", { name: "qemu", type: format, ...(isDisk ? diskBehaviour : {}) }),
    element("source", { [source]: path }),
    element("target", { dev: device, bus: device.startsWith("vd") ? "virtio" : "sata" }),
    isDisk ? undefined : element("readonly"),
    bootOrder === undefined ? undefined : element("boot", { order: bootOrder }),
  ]);
}

function interfaceElement({ source: { kind, name }, mac }: MachineInterface): XmlElement {
  return element("interface", { type: kind }, [
    element("mac", { address: mac }),
    element("source", { [kind]: name }),
    element("model", { type: "virtio" }),
  ]);
}

/** libvirt gives a machine that says nothing of it a screen of its own choice. */
function screenElements({ vncPassword: passwd }: Machine): readonly XmlElement[] {
  if (passwd === undefined) return [element("video", {}, [element("model", { type: "none" })])];
  const listen = "127.0.0.1";
  return [
    element("graphics", { type: "vnc", port: -1, autoport: "yes", listen, passwd }, [
      element("listen", { type: "address", address: listen }),
    ]),
    element("video", {}, [element("model", { type: "vga" })]),
  ];
}
