# The programs the engines are made of, from the packages of Debian and Ubuntu.

missing_programs() {
  for it in dockerd containerd docker iptables docker-registry redis-server redis-cli openssl busybox ip flock setsid unshare curl pgrep; do
    command -v $it >/dev/null 2>&1 || echo $it
  done
}

package_of() {
  case $1 in
  dockerd) echo docker.io ;;
  docker) apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli || echo docker.io ;;
  busybox) echo busybox-static ;;
  ip) echo iproute2 ;;
  pgrep) echo procps ;;
  redis-cli) echo redis-tools ;;
  flock | setsid | unshare) echo util-linux ;;
  *) echo "$1" ;;
  esac
}

# Leaves with code 3 where the engines cannot run.
require_engines() {
  if [ "$(id -u)" != 0 ]; then cannot "a private Docker engine needs root"; fi
  [ -z "$(missing_programs)" ] || provision
  lacking=$(missing_programs)
  [ -z "$lacking" ] || cannot "missing:" $lacking
}

cannot() {
  say "$*"
  say_left_out
  exit 3
}

say_left_out() {
  say "tests that need a Docker engine, a registry or Redis are skipped (and fail where CI=true)"
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
  packages=$(for it in $(missing_programs); do package_of $it; done | sort -u)
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
