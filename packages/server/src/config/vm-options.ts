import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { libvirtUri } from "./libvirt-uri.ts";
import { absolutePath, oneOf, truth } from "./option-type.ts";

type VmSetting =
  | "vmEnabled"
  | "libvirtUri"
  | "vmAccelerator"
  | "vmRoot"
  | "vmDiskFolder"
  | "vmImageFolder";

const section = "Virtual machines";

/** The rows of the table about virtual machines and the libvirt that runs them. */
export const vmOptions: { readonly [Name in VmSetting]: ConfigOption<Config[Name]> } = {
  vmEnabled: {
    section,
    key: "vm_enabled",
    env: ["PERSYS_VM_ENABLED"],
    type: truth,
    standard: true,
    doc: "Whether workloads may be virtual machines of libvirt. libvirt may come after the agent and go away at any time; a machine without one needs no other setting.",
  },
  libvirtUri: {
    section,
    key: "libvirt_uri",
    env: ["PERSYS_LIBVIRT_URI"],
    foreignEnv: { name: "LIBVIRT_DEFAULT_URI" },
    type: libvirtUri,
    standard: "qemu:///system",
    doc: "Which libvirt of this machine runs them, over its unix socket: that of the system, or `qemu:///session` for one of the agent's own user. `?socket=/path` names a socket that is elsewhere.",
  },
  vmAccelerator: {
    section,
    key: "vm_accel",
    env: ["PERSYS_VM_ACCEL"],
    type: oneOf("auto", "kvm", "tcg"),
    standard: "auto",
    doc: "What runs the guests' programs: `kvm` the processor itself, without which no machine starts then; `tcg` QEMU, which is far slower and needs nothing of the host; `auto` KVM where libvirt has found it.",
  },
  vmRoot: {
    section,
    key: "vm_root",
    env: ["PERSYS_VM_ROOT"],
    type: absolutePath,
    standard: "/var/lib/libvirt/persys",
    development: (devDir) => `${devDir}/vm`,
    doc: "Folder for what goes with the machines: what cloud-init reads, their consoles' logs, and which disks were made. Made when it is needed; the account that QEMU runs as has to be able to pass the folders around it.",
  },
  vmDiskFolder: {
    section,
    key: "vm_disk_dir",
    env: ["PERSYS_VM_DISK_DIR"],
    type: absolutePath,
    standard: "/var/lib/libvirt/images",
    development: (devDir) => `${devDir}/vm/disks`,
    doc: "Folder in which disks are made whose spec names neither a path nor a pool, and any disk whose path lies directly in it. A file there that was not made by this agent is given to nobody.",
  },
  vmImageFolder: {
    section,
    key: "vm_image_dir",
    env: ["PERSYS_VM_IMAGE_DIR"],
    type: absolutePath,
    standard: "/var/lib/libvirt/images/base",
    development: (devDir) => `${devDir}/vm/images`,
    doc: "Folder of the images that specs name (`os_image`, `base_image`) and of ISOs, put there by the operator. Every caller who may apply machines may read all of it. An image that disks stand on must not change.",
  },
};
