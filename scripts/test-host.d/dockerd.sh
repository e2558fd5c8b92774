# A Docker engine with everything under one folder: ROOT/s is its socket, ROOT/log what it says, ROOT/pid its pid.
#
# It has a containerd of its own, told so explicitly: left to itself dockerd would use that of the machine, where one
# runs, and share its containers with the machine's own engine.

dockerd_answers() { # ROOT
  pid_is_of "$1/pid" "$1/daemon.json" && curl -s -o "/dev/null" --max-time 5 --unix-socket "$1/s" http://d/_ping
}

dockerd_up() { # ROOT [OWNER_PID]
  case $1 in /*) ;; *) fail "not an absolute path: $1" ;; esac
  [ ${#1} -le 80 ] || fail "too long for the path of a socket: $1"
  ! dockerd_answers "$1" || return 0
  if pid_is_of "$1/pid" "$1/daemon.json"; then
    # Two engines over one folder would ruin it.
    within 600 dockerd_answers "$1" || fail "the Docker engine in $1 runs and does not answer"
    return
  fi
  say "starting a Docker engine in $1"
  mkdir -p "$1"
  reserve_network "$@"
  containerd_up "$1"
  configure_dockerd "$1" >"$1/daemon.json"
  rm -f "$1/pid" "$1/s" # A pid given out again would keep it from starting after it was killed.
  # TMPDIR: it unpacks images there. No descriptor of a lock may live on in it.
  TMPDIR=$1 setsid dockerd --config-file "$1/daemon.json" </dev/null >>"$1/log" 2>&1 7>&- 8>&- &
  started=$!
  # 60 s: it takes 0.4 s, and as long as the containers of a killed engine take to end.
  if ! within 600 dockerd_settled "$1" $started || ! dockerd_answers "$1"; then
    tail -n 20 "$1/log" >&2
    fail "the Docker engine did not start, see above"
  fi
}

# Whether it answers, or never will.
dockerd_settled() { # ROOT PID
  dockerd_answers "$1" || has_ended "$2"
}

configure_dockerd() { # ROOT
  cat <<END
{
  "data-root": "$1/data",
  "exec-root": "$1/exec",
  "pidfile": "$1/pid",
  "hosts": ["unix://$1/s"],
  "containerd": "$1/exec/containerd.sock",
  "bridge": "$bridge",
  "iptables": false,
  "ip6tables": false,
  "ip-forward": false,
  "default-address-pools": [{ "base": "$prefix.0/20", "size": 26 }],
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "cgroup-parent": "/$bridge",
  "max-download-attempts": 3,
  "live-restore": false$(key_of_old_dockerd "$1")
}
END
}

containerd_up() { # ROOT
  ! pid_is_of "$1/containerd.pid" "$1/containerd.toml" || return 0
  mkdir -p "$1/exec"
  rm -f "$1/exec/containerd.sock"
  configure_containerd "$1" >"$1/containerd.toml"
  setsid containerd --config "$1/containerd.toml" </dev/null >>"$1/containerd.log" 2>&1 7>&- 8>&- &
  echo $! >"$1/containerd.pid"
  # 30 s: it takes 0.1 s.
  within 300 [ -S "$1/exec/containerd.sock" ] || fail "containerd did not start: $(tail -n 5 "$1/containerd.log")"
}

# Without the parts that Docker does not use, some of which would make folders elsewhere.
configure_containerd() { # ROOT
  cat <<END
version = 2
root = "$1/data/containerd"
state = "$1/exec/containerd"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime",
  "io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "$1/exec/containerd.sock"
[debug]
  level = "warn"
END
}

# Up to version 23 an engine keeps a key, and by default in /etc.
key_of_old_dockerd() {
  case $(dockerd --version) in
  *\ version\ 1?.* | *\ version\ 2[0-3].*) printf ',\n  "deprecated-key-path": "%s/key.json"' "$1" ;;
  esac
}

# Nothing in it is worth a clean end: kills the engine and its containers and removes what they leave.
dockerd_down() { # ROOT
  file=$(network_file "$1")
  kill_all_of "$1"
  [ -z "$file" ] || kill_groups "persys-test${file##*-}"
  within 50 none_left "$1" || say "some processes of $1 do not end"
  for mounted in $(awk -v at="$1/" 'index($2, at) == 1 { print $2 }' /proc/mounts | sort -r); do
    umount -l "$mounted" || :
  done
  release_network "$1"
  remove_outside "$1"
  rm -rf "$1"
}

# What engines keep outside their folders: sockets of supervisors, and empty folders.
remove_outside() { # ROOT
  for it in "$1"/exec/containerd/io.containerd.runtime.v2.task/moby/*/address; do
    [ ! -e "$it" ] || rm -f "$(sed 's,^unix://,,' "$it")"
  done
  if ! pgrep -x 'dockerd|containerd' >/dev/null; then
    rmdir /run/containerd/s /run/containerd /run/docker/plugins /run/docker 2>/dev/null || :
  fi
}

# dockerd, containerd and the supervisors of containers name the root in their command lines.
processes_of() { # ROOT
  # Read from a pipe, or grep would find itself.
  printf '%s\n' "$1/daemon.json" "$1/containerd.toml" "$1/exec/" | grep -l -a -F -f - /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3
}

none_left() { [ -z "$(processes_of "$1")" ]; }

kill_all_of() { # ROOT
  # The engine first, or it would act on what it sees end.
  if pid_is_of "$1/pid" "$1/daemon.json"; then kill -KILL "$(cat "$1/pid")" 2>/dev/null || :; fi
  for pid in $(processes_of "$1"); do kill -KILL "$pid" 2>/dev/null || :; done
}

# Programs of containers are found by the control groups they are in: one a hierarchy with version 1, one with 2.
kill_groups() { # NAME
  groups=$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$1")
  [ -n "$groups" ] || return 0
  # A paused program dies only once it goes on.
  for switch in $(find $groups -name freezer.state); do echo THAWED >"$switch" || :; done
  for switch in $(find $groups -name cgroup.freeze); do echo 0 >"$switch" || :; done
  within 50 empty_groups $groups || say "cannot remove" $groups
}

# Kills what is in them and removes them; fails while something is left.
empty_groups() { # FOLDER...
  find "$@" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u | while read -r pid; do
    kill -KILL "$pid" 2>/dev/null || :
  done
  find "$@" -depth -type d -exec rmdir {} + 2>/dev/null || :
  for group; do [ ! -d "$group" ] || return 1; done
}

# Engines of tests that were cut short.
sweep_abandoned() {
  for file in "$state"/network-*; do
    [ -e "$file" ] || continue
    owner=$(sed -n 's/^owner=//p' "$file")
    left_at=$(sed -n 's/^root=//p' "$file")
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      say "removing an abandoned Docker engine in $left_at"
      dockerd_down "$left_at"
    fi
  done
}
