#!/bin/sh
# Runs in namespaces of its own, see libvirtd.sh: `first ROOT` as their first process, `again ROOT` to start a daemon that was killed.
set -eu
verb=$1
root=$2

daemon() {
  libvirtd -d -f "$root/libvirtd.conf" -p "$root/libvirtd.pid"
}

network() {
  c="qemu+unix:///system?socket=$root/s/libvirt-sock"
  virsh -q -c "$c" net-info default >/dev/null 2>&1 || virsh -q -c "$c" net-define "$root/default.xml"
  virsh -q -c "$c" net-list --name | grep -q -x default || virsh -q -c "$c" net-start default
}

over() { # FOLDER OF_MACHINE
  mkdir -p "$2"
  mount --bind "$root/$1" "$2"
}

# The daemon insists on the users its package makes.
names() {
  { cat /etc/passwd; grep -q '^libvirt-qemu:' /etc/passwd || echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin'; } >"$root/passwd"
  {
    cat /etc/group
    grep -q '^libvirt-qemu:' /etc/group || echo 'libvirt-qemu:x:64055:'
    grep -q '^kvm:' /etc/group || echo 'kvm:x:64056:'
  } >"$root/group"
  mount --bind "$root/passwd" /etc/passwd
  mount --bind "$root/group" /etc/group
}

# What can be opened for writing makes libvirt look what QEMU can do with it, at every definition anew.
without_kvm() {
  : >"$root/no-kvm"
  mount --bind "$root/no-kvm" /dev/kvm
  mount -o remount,bind,ro /dev/kvm
}

if [ "$verb" = again ]; then
  daemon
  network
  exit
fi

over etc /etc/libvirt
over var/lib /var/lib/libvirt
over var/run /run/libvirt
over var/log /var/log/libvirt
over var/cache /var/cache/libvirt
names
[ ! -e /dev/kvm ] || without_kvm
ip link set lo up
virtlogd -d -p "$root/virtlogd.pid"
daemon
network
# Stays, and buries what ends here.
while :; do
  sleep 3600 &
  wait $! || :
done
