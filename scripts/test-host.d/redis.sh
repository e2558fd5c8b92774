# A Redis server on loopback that keeps what it acknowledges. Tests share it: each uses nodes of its own.

redis_answers() {
  [ -s "$root/redis/address" ] && pid_is_of "$root/redis/pid" "$root/redis/redis.conf" &&
    redis-cli -u "redis://$(cat "$root/redis/address")" ping 2>/dev/null | grep -q PONG
}

redis_up() {
  ! redis_answers || return 0
  at=$root/redis
  mkdir -p "$at"
  # Redis lets nobody pick a free port for it: it is tried where it ends at once.
  port=$((16379 + $$ % 10000))
  tries=0
  until redis_started_on $port; do
    tries=$((tries + 1))
    [ $tries -lt 20 ] || fail "redis-server did not start: $(tail -n 5 "$at/log")"
    port=$((port + 1))
  done
  echo "127.0.0.1:$port" >"$at/address"
  redis_answers || fail "redis-server does not answer: $(tail -n 5 "$at/log")"
}

redis_started_on() { # PORT
  # With its usual title the process could not be told from others of its kind.
  cat >"$at/redis.conf" <<END_OF_CONFIGURATION
bind 127.0.0.1
port $1
dir $at
appendonly yes
appendfsync always
save ""
set-proc-title no
END_OF_CONFIGURATION
  : >"$at/log"
  setsid redis-server "$at/redis.conf" </dev/null >"$at/log" 2>&1 7>&- 8>&- &
  echo $! >"$at/pid"
  within 100 redis_decided || return 1
  grep -q 'Ready to accept connections' "$at/log"
}

redis_decided() {
  grep -q 'Ready to accept connections' "$at/log" || has_ended "$(cat "$at/pid")"
}

redis_down() {
  ! pid_is_of "$root/redis/pid" "$root/redis/redis.conf" || kill -KILL "$(cat "$root/redis/pid")" 2>/dev/null || :
}
