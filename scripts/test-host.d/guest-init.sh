#!/bin/busybox sh
# The first program of the guest of the tests. What it finds it says on its serial console, one line each:
#
#   guest booted                              at each boot, first
#   guest has memory_kb=N cpus=N vda=BYTES... at each boot, and whenever it changes
#   guest data vda boots=N sum=SHA256         what it wrote to each disk at its first boot there, as it reads it now
#   guest seed NAME BASE64                    each file that it was given for cloud-init
#   guest ready                               all of the above is said
#   guest address IP                          it was given an address
#   guest powering off                        the power button was pressed
#
# User-data that begin with `#!` are run once it is ready, with the number of the boot in BOOTS.
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /run /seed
mount -t proc proc /proc
mount -t sysfs sysfs /sys
[ -c /dev/null ] || mount -t devtmpfs devices /dev
exec </dev/console >/dev/console 2>&1

say() { echo "guest $*"; }

say booted
while read -r module; do
  insmod "/modules/$module" || say "cannot load $module"
done </modules/order

power_off() {
  say powering off
  sync
  poweroff -f
}

for event in /sys/class/input/event*; do
  [ "$(cat "$event/device/name")" = "Power Button" ] || continue
  # What a press is told with.
  (dd if="/dev/input/${event##*/}" of=/dev/null bs=24 count=1 2>/dev/null && power_off) &
done

disks() {
  for it in /sys/block/vd*; do [ ! -e "$it" ] || echo "${it##*/}"; done
}

tell_what_it_has() {
  has=$(awk '/^MemTotal:/ { printf "memory_kb=%s", $2 }' /proc/meminfo)" cpus=$(nproc)"
  for disk in $(disks); do has="$has $disk=$(blockdev --getsize64 "/dev/$disk")"; done
  [ "$has" = "$said" ] || say has "$has"
  said=$has
}

# Its own data begin where no image of it does: the number of boots at 64 MiB, and a MiB of what nobody can guess behind it.
tell_data() { # DISK
  [ "$(blockdev --getsize64 "/dev/$1")" -ge 69206016 ] || return
  note=$(dd "if=/dev/$1" bs=1M skip=64 count=1 2>/dev/null | head -c 32 | tr -d '\0')
  case $note in
  "boots "*) boots=$((${note#boots } + 1)) ;;
  *)
    boots=1
    dd if=/dev/urandom "of=/dev/$1" bs=1M seek=65 count=1 conv=fsync 2>/dev/null
    ;;
  esac
  printf 'boots %s' "$boots" | dd "of=/dev/$1" bs=1M seek=64 conv=fsync 2>/dev/null
  : "${BOOTS:=$boots}"
  say data "$1" "boots=$boots" "sum=$(dd "if=/dev/$1" bs=1M skip=65 count=1 2>/dev/null | sha256sum | cut -d ' ' -f 1)"
}

tell_seed() {
  for drive in /dev/sr*; do
    mount -t iso9660 -o ro,nojoliet "$drive" /seed 2>/dev/null || continue
    [ -f /seed/meta-data ] && break
    umount /seed
  done
  for file in /seed/*; do [ ! -f "$file" ] || say seed "${file##*/}" "$(base64 -w 0 "$file")"; done
}

# It is asked for in the background: networks without a server of addresses hold up nothing.
ask_for_addresses() {
  for card in /sys/class/net/*; do
    [ -e "$card/device" ] || continue
    ip link set "${card##*/}" up
    udhcpc -f -i "${card##*/}" -s /bin/lease -t 5 -T 1 -A 1 >/dev/null 2>&1 &
  done
}

ask_for_addresses
tell_what_it_has
for disk in $(disks); do tell_data "$disk"; done
tell_seed
say ready
export BOOTS
if [ "$(head -c 2 /seed/user-data 2>/dev/null)" = '#!' ]; then
  cp /seed/user-data /run/user-data
  chmod 755 /run/user-data
  /run/user-data &
fi
while :; do
  sleep 1
  # Processors that are added are off at first.
  for switch in /sys/devices/system/cpu/cpu*/online; do
    [ ! -e "$switch" ] || [ "$(cat "$switch")" = 1 ] || echo 1 >"$switch"
  done
  tell_what_it_has
done
