# A guest for the tests of virtual machines: Debian's kernel and busybox on a disk that a BIOS boots, told as PERSYS_TEST_GUEST. What it does
# is in guest-init.sh. It is made once for a machine, of packages that are unpacked and not installed.

guest_cache=/var/cache/persys-test-host
# What it drives: the devices that machines are given, and the power button.
guest_modules="virtio_pci virtio_blk virtio_net virtio_balloon virtio_rng ahci sr_mod isofs button evdev af_packet pvpanic_mmio"

guest_image() {
  made_of=$(cat "$parts/guest.sh" "$parts/guest-init.sh" "$parts/guest-lease.sh" "$(command -v busybox)" | cksum | cut -d ' ' -f 1)
  echo "$guest_cache/guest-$made_of.qcow2"
}

# The path of the image; empty where it was not made.
guest_found() {
  [ ! -s "$(guest_image)" ] || guest_image
}

guest_up() {
  [ -z "$(guest_found)" ] || return 0
  [ "${PERSYS_TEST_PROVISION-1}" != 0 ] || return 0
  [ "$(uname -m)" = x86_64 ] || return 0
  command -v apt-get >/dev/null 2>&1 || return 0
  say "making a guest of Debian's kernel, which takes a minute once"
  guest_made || say "no guest can be made, see below; tests that need one are skipped
$(tail -n 5 "$root/guest.log")"
}

guest_made() {
  tree=$(mktemp -d /tmp/persys-guest-XXXXXX)
  code=0
  (guest_unpacked && guest_filled && guest_bootable) >"$root/guest.log" 2>&1 || code=$?
  rm -rf "$tree"
  return $code
}

guest_unpacked() {
  apt-cache show isolinux >/dev/null 2>&1 || apt-get update -qq || return 1
  kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
  [ -n "$kernel" ] || { echo "there is no package linux-image-amd64"; return 1; }
  # apt leaves root's rights to fetch what it can also write without.
  chmod 755 "$tree" && mkdir -m 777 "$tree/packages" && cd "$tree/packages" || return 1
  apt-get download -qq isolinux syslinux-common "$kernel" || return 1
  for it in *.deb; do dpkg-deb -x "$it" "$tree/files" || return 1; done
}

# Makes what the kernel unpacks into its memory.
guest_filled() {
  at=$tree/initrd
  mkdir -p "$at/bin" "$at/modules" "$tree/disk" || return 1
  cp "$(command -v busybox)" "$at/bin/busybox" || return 1
  cp "$parts/guest-init.sh" "$at/init" && cp "$parts/guest-lease.sh" "$at/bin/lease" || return 1
  chmod 755 "$at/init" "$at/bin/lease"
  guest_modules_copied || return 1
  (cd "$at" && find . | busybox cpio -o -H newc | gzip) >"$tree/disk/initrd"
}

# Copies modules with all they need; `order` names them as they have to be loaded.
guest_modules_copied() {
  for modules in "$tree"/files/lib/modules/* "$tree"/files/usr/lib/modules/*; do [ ! -d "$modules/kernel" ] || break; done
  busybox depmod -b "${modules%/lib/modules/*}" "$(basename "$modules")" || return 1
  : >"$at/modules/order"
  for name in $guest_modules; do
    pattern=/$(echo "$name" | sed 's/[-_]/[-_]/g')'\.ko'
    line=$(grep "^[^:]*$pattern[.a-z]*:" "$modules/modules.dep")
    if [ -z "$line" ]; then
      grep -q "$pattern" "$modules/modules.builtin" && continue
      echo "the kernel has no $name"
      return 1
    fi
    # What a module needs stands behind it, the deepest last.
    for file in $(echo "$line" | tr -d : | tr ' ' '\n' | sed '1!G;h;$!d'); do guest_module_copied "$modules/$file" || return 1; done
  done
}

guest_module_copied() { # FILE
  module=$(basename "$1" | sed 's/\.ko.*/.ko/')
  ! grep -q -x "$module" "$at/modules/order" || return 0
  case $1 in
  *.xz) busybox unxz -c "$1" >"$at/modules/$module" || return 1 ;;
  *) cp "$1" "$at/modules/$module" || return 1 ;;
  esac
  echo "$module" >>"$at/modules/order"
}

# An image of a CD that is one of a disk as well. Past it is room for what the guest writes.
guest_bootable() {
  cp "$tree"/files/boot/vmlinuz-* "$tree/disk/linux" || return 1
  cp "$tree/files/usr/lib/ISOLINUX/isolinux.bin" "$tree/files/usr/lib/syslinux/modules/bios/ldlinux.c32" "$tree/disk" || return 1
  cat >"$tree/disk/isolinux.cfg" <<END
DEFAULT guest
PROMPT 0
LABEL guest
  LINUX /linux
  INITRD /initrd
  APPEND console=ttyS0 loglevel=1 mitigations=off no_timer_check nokaslr
END
  xorriso -as mkisofs -quiet -o "$tree/guest.iso" -isohybrid-mbr "$tree/files/usr/lib/ISOLINUX/isohdpfx.bin" \
    -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$tree/disk" || return 1
  qemu-img convert -f raw -O qcow2 "$tree/guest.iso" "$tree/guest.qcow2" || return 1
  mkdir -p "$guest_cache" && rm -f "$guest_cache"/guest-*.qcow2 || return 1
  cp "$tree/guest.qcow2" "$guest_cache/guest.new" && mv "$guest_cache/guest.new" "$(guest_image)"
}
