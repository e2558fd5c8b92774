# Who uses the engines, and who changes them. All locks are given back by the kernel, whatever ends this shell.

say() { echo "test-host: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

# One at a time brings up or down (descriptor 7). The lock is on a folder that stays, so that none is left behind.
locked() {
  mkdir -p "$(dirname -- "$root")"
  exec 7<"$(dirname -- "$root")"
  flock -w 2 7 || {
    say "waiting for another test-host"
    flock 7
  }
}

unlocked() { exec 7<&-; }

# Many use the engines of a root (descriptor 8).
used() {
  exec 8>"$root/users"
  flock -s 8
}

# Gives up the use. Says whether nobody else is left.
unused_now() {
  if flock -n -x 8; then alone=0; else alone=1; fi
  exec 8>&-
  return $alone
}

# Whether the process named in a pid file runs and is of this root; pids are given out again.
pid_is_of() { # FILE ROOT
  [ -s "$1" ] || return 1
  grep -q -a -F -- "$2" "/proc/$(cat "$1")/cmdline" 2>/dev/null
}

# Whether a process has ended, also where its parent has not noticed.
has_ended() { # PID
  ! grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null
}

# Waits for a condition; fails after so many tenths of a second.
within() { # TENTHS COMMAND...
  left=$1
  shift
  until "$@"; do
    left=$((left - 1))
    [ $left -gt 0 ] || return 1
    sleep 0.1
  done
}
