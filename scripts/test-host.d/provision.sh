# The programs the engines are made of, from the packages of Debian and Ubuntu.

missing_programs() {
  for it in dockerd containerd docker docker-compose iptables docker-registry redis-server redis-cli openssl busybox ip flock setsid unshare curl pgrep; do
    command -v $it >/dev/null 2>&1 || echo $it
  done
}

# The tests of pages need it; everything else runs without.
missing_browser() {
  command -v chromium >/dev/null 2>&1 || echo chromium
}

# The test of the metrics needs it.
missing_promtool() {
  command -v promtool >/dev/null 2>&1 || echo promtool
}

package_of() {
  case $1 in
  dockerd) echo docker.io ;;
  docker) apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli || echo docker.io ;;
  busybox) echo busybox-static ;;
  ip) echo iproute2 ;;
  pgrep) echo procps ;;
  promtool) echo prometheus ;;
  redis-cli) echo redis-tools ;;
  flock | setsid | unshare | nsenter) echo util-linux ;;
  libvirtd) echo libvirt-daemon ;;
  libvirt_driver_qemu) echo libvirt-daemon-driver-qemu ;;
  virtlogd) apt-cache show libvirt-daemon-log >/dev/null 2>&1 && echo libvirt-daemon-log || echo libvirt-daemon ;;
  virsh) echo libvirt-clients ;;
  qemu-system-x86_64) echo qemu-system-x86 ;;
  qemu-img) echo qemu-utils ;;
  dnsmasq) echo dnsmasq-base ;;
  dhcp_release) echo dnsmasq-utils ;;
  *) echo "$1" ;;
  esac
}

# Leaves with code 3 where the engines cannot run.
require_engines() {
  if [ "$(id -u)" != 0 ]; then cannot "a private Docker engine needs root"; fi
  [ -z "$(missing_programs)$(missing_libvirt_programs)$(missing_browser)$(missing_promtool)" ] || provision
  lacking=$(missing_programs)
  [ -z "$lacking" ] || cannot "missing:" $lacking
}

cannot() {
  say "$*"
  say_left_out
  exit 3
}

say_left_out() {
  say "tests that need a Docker engine, a registry, Redis, libvirt, Chromium or promtool are skipped (and fail where CI=true)"
}

provision() {
  if [ "${PERSYS_TEST_PROVISION-1}" = 0 ]; then
    say "nothing is installed: PERSYS_TEST_PROVISION=0"
    return
  fi
  command -v apt-get >/dev/null 2>&1 || return 0
  export DEBIAN_FRONTEND=noninteractive
  say "reading the package lists"
  apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed: is there a network?"
  packages=$(for it in $(missing_programs) $(missing_libvirt_programs) $(missing_browser) $(missing_promtool); do package_of $it; done | sort -u)
  say "installing" $packages
  # Services the packages bring along stay off: only private engines are wanted.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    made_policy=1
  fi
  apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 || say "apt-get install failed"
  [ -z "${made_policy-}" ] || rm -f $policy
}
