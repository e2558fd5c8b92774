# A bridge and a range of addresses for each private engine.
#
# Private engines leave iptables alone: each dockerd that starts empties the chains it shares with all others on the
# machine, so an engine that runs already would lose its published ports. Ports of a private engine are published by
# its docker-proxy processes, which end with it. One rule of our own lets containers of an engine speak to each other
# where another engine has made the machine drop what it forwards.
#
# Engine N has 10.(213 + N / 16).(N % 16 * 16).0/20: the first /24 is its default bridge, the rest its networks.

network_file() { # ROOT
  grep -l -x -F "root=$1" "$state"/network-* 2>/dev/null | head -n 1
}

range_prefix() { echo "10.$((213 + $1 / 16)).$(($1 % 16 * 16))"; }

is_free() { # N
  [ ! -e "$state/network-$1" ] || return 1
  range=$(range_prefix "$1").0/20
  [ -z "$(ip -4 route show root "$range")" ] || return 1
  [ -z "$(ip -4 route show match "$range" | grep -v '^default ')" ]
}

# Sets bridge and prefix; reserves them at the first call for a root.
reserve_network() { # ROOT [OWNER_PID]
  networks_locked
  mkdir -p "$state"
  file=$(network_file "$1")
  if [ -z "$file" ]; then
    number=0
    until is_free $number; do
      number=$((number + 1))
      [ $number -lt 128 ] || fail "no free range of addresses"
    done
    file=$state/network-$number
    printf 'root=%s\nowner=%s\n' "$1" "${2-}" >"$file"
  fi
  bridge=persys-test${file##*-} # At most 14 of the 15 characters Linux allows.
  prefix=$(range_prefix "${file##*-}")
  if ! ip link show "$bridge" >/dev/null 2>&1; then
    ip link add "$bridge" type bridge
    ip addr add "$prefix.1/24" dev "$bridge"
    ip link set "$bridge" up
    iptables -w -I FORWARD -s "$prefix.0/20" -d "$prefix.0/20" -j ACCEPT
  fi
  networks_unlocked
}

# One at a time takes a range or gives it back (descriptor 9).
networks_locked() {
  exec 9</run
  flock 9
}

networks_unlocked() { exec 9<&-; }

# Removes the bridge, and those of networks nobody removed.
release_network() { # ROOT
  file=$(network_file "$1")
  [ -n "$file" ] || return 0
  number=${file##*-}
  third=$((number % 16 * 16))
  within_range="^10\\.$((213 + number / 16))\\.($(seq -s '|' $third $((third + 15))))\\."
  for link in $(ip -4 -o addr show | awk -v range="$within_range" '$4 ~ range { print $2 }'); do
    ip link del "$link" || :
  done
  range=$(range_prefix "$number").0/20
  iptables -w -D FORWARD -s "$range" -d "$range" -j ACCEPT 2>/dev/null || : # Gone when the machine has restarted.
  networks_locked
  rm -f "$file"
  rmdir "$state" 2>/dev/null || :
  networks_unlocked
}
