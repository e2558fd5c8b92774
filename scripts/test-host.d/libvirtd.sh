# libvirt's daemon with QEMU, with everything under one folder: ROOT/s/libvirt-sock is its socket, ROOT/log what it says.
#
# It cannot be told other folders than those of the machine, nor another network; so it has namespaces of its own for both, in which these
# are its root's, and for processes: whatever it starts ends with the first of them. /dev/kvm is hidden there, for guests hang where the
# machine is a guest itself; QEMU emulates.

libvirt_programs="libvirtd virtlogd virsh qemu-system-x86_64 qemu-img dnsmasq dhcp_release xorriso nsenter"
ipxe_image=/usr/lib/ipxe/ipxe.iso # A guest of 1 MB that asks for an address.

missing_libvirt_programs() {
  for it in $libvirt_programs; do
    command -v "$it" >/dev/null 2>&1 || echo "$it"
  done
  [ -e $ipxe_image ] || echo ipxe
  ls /usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so >/dev/null 2>&1 || echo libvirt_driver_qemu
}

# Tests of all else run without it.
libvirt_possible() { [ -z "$(missing_libvirt_programs)" ]; }

libvirtd_uri() { echo "qemu+unix:///system?socket=$1/s/libvirt-sock"; } # ROOT

libvirtd_answers() { # ROOT
  pid_is_of "$1/pid" "$1" && virsh -q -c "$(libvirtd_uri "$1")" net-list --name 2>/dev/null | grep -q -x default
}

libvirtd_up() { # ROOT
  case $1 in /*) ;; *) fail "not an absolute path: $1" ;; esac
  [ ${#1} -le 80 ] || fail "too long for the path of a socket: $1"
  libvirtd_tools "$1"
  ! libvirtd_answers "$1" || return 0
  if pid_is_of "$1/pid" "$1"; then
    inside "$1" sh "$(realpath "$parts/libvirtd-inside.sh")" again "$1"
  else
    say "starting libvirt in $1"
    libvirtd_settings "$1"
    # No descriptor of a lock may live on in it.
    setsid unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
      sh "$parts/libvirtd-inside.sh" first "$1" </dev/null >>"$1/log" 2>&1 7>&- 8>&- &
    echo $! >"$1/pid"
  fi
  # 30 s: it takes 1 s.
  if ! within 300 libvirtd_answers "$1"; then
    tail -n 20 "$1/log" "$1/var/log/libvirtd.log" >&2 || :
    fail "libvirt did not start, see above"
  fi
}

# Runs a command where the daemon of a root is.
inside() { # ROOT COMMAND...
  first=$(pgrep -P "$(cat "$1/pid")") || fail "libvirt does not run in $1"
  shift
  nsenter --target "$first" --mount --net --pid "$@" 7>&- 8>&-
}

# What an agent runs has to be where the networks are: a PATH that begins with ROOT/bin sees to that.
libvirtd_tools() { # ROOT
  mkdir -p "$1/bin"
  cat >"$1/bin/dhcp_release.new" <<END
#!/bin/sh
first=\$(pgrep -P "\$(cat "$1/pid")") || exit 1
exec nsenter --target "\$first" --net "$(command -v dhcp_release)" "\$@"
END
  chmod +x "$1/bin/dhcp_release.new"
  mv "$1/bin/dhcp_release.new" "$1/bin/dhcp_release"
}

libvirtd_settings() { # ROOT
  mkdir -p "$1/s" "$1/etc" "$1/var/lib" "$1/var/run" "$1/var/log" "$1/var/cache"
  cat >"$1/libvirtd.conf" <<END
unix_sock_dir = "$1/s"
auth_unix_rw = "none"
auth_unix_ro = "none"
log_outputs = "3:file:$1/var/log/libvirtd.log"
END
  cat >"$1/etc/qemu.conf" <<END
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
END
  cat >"$1/default.xml" <<END
<network>
  <name>default</name>
  <forward mode="nat"/>
  <bridge name="virbr0" stp="off" delay="0"/>
  <ip address="192.168.122.1" netmask="255.255.255.0">
    <dhcp><range start="192.168.122.2" end="192.168.122.254"/></dhcp>
  </ip>
</network>
END
}

# Nothing in it is worth a clean end.
libvirtd_down() { # ROOT
  if pid_is_of "$1/pid" "$1"; then
    first=$(pgrep -P "$(cat "$1/pid")") || first=
    kill -KILL "$(cat "$1/pid")" $first 2>/dev/null || :
    [ -z "$first" ] || within 50 has_ended "$first" || say "libvirt of $1 does not end"
  fi
  rm -rf "$1"
}
