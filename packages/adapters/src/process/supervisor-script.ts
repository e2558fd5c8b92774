import { createHash } from "node:crypto";

/**
 * The supervisor: the shell that outlives the agent and runs one program once.
 *
 *     agent ── spawn, detached ──▶ supervisor ── setsid ──▶ stage 1 ══ exec ══▶ stage 2 ══ exec ══▶ program
 *                                      │ holds lock (flock), alive (FIFO)         (one process id throughout)
 *                                      ├─ split ── cat ─▶ log/stdout.RUN.SEGMENT
 *                                      └─ split ── cat ─▶ log/stderr.RUN.SEGMENT
 *
 * It works in the instance's folder, its current directory, so a rename of the folder does not disturb it. What it relies on besides
 * a POSIX sh: flock, setsid, prlimit and setpriv of util-linux; mkfifo, rm, cat and GNU split of coreutils.
 *
 * The order of its steps is what makes a start safe, whichever process is killed in between:
 *
 * 1. The kernel-released lock is taken, then the FIFO `alive` is opened; the numbers are compared last. A start that was asked for as run n
 *    is refused once anything with a number of n or above exists, an earlier start (`run.n`) or a stop (`stop.n`), and once the instance
 *    is being removed. So a supervisor that
 *    wakes up late never doubles a start, nor undoes a stop; and whoever wrote `stop.n` and then finds `alive` without a writer knows
 *    that nothing can start any more.
 * 2. Stage 1 writes `run.n` (pid, start time, boot id) before the program runs in that same process, and lets go of lock and FIFO only
 *    after that. So if the supervisor is killed, either nothing has run, or the record says what runs.
 * 3. The program ends; what is left of its process group and cgroup is killed; `exit.n` is written; lock and FIFO are let go.
 *
 * The log writers hold a FIFO too, `logging`: they end once no process holds the other end of their pipe, usually within a millisecond of
 * the program, and it is known when they have.
 *
 * A record is complete when its last word is a full stop. Each is written by one write call.
 *
 * The program runs in a session of its own: signals to its group do not reach the supervisor, and those to the supervisor's group leave
 * recorder and log writers standing. Nothing of a spec ever becomes shell text: arguments travel as arguments, the environment as
 * `PERSYS_LAUNCH_ENV_i=NAME=VALUE`, which does nothing to the shells and tools on the way, some of them still privileged; only
 * stage 2, already the program's user, exports the real names. Values of the environment are in no argument list.
 *
 * A death by signal reads 128+n, like an exit with that code. The two are told apart by what the shell says on its error stream about a
 * job that was killed; it says nothing for SIGINT and SIGPIPE, and what is not known is not claimed.
 */
const text = `# Supervises one run of one program for the Persys agent. Arguments: the workload's id, the program, its arguments.
id=$1; shift
run=$PERSYS_LAUNCH_RUN
umask 077
exec 3>&- 4>&- 5>&- 6>&- 7>&- 9>&-

exec 8>lock
flock -w 5 8 || exit 75
exec 2>trouble
fifos="out.$run err.$run"
[ -p alive ] || fifos="alive $fifos"
[ -p logging ] || fifos="logging $fifos"
mkfifo -m 666 $fifos || exit 77
exec 9<>alive || exit 77
for name in run.* stop.* exit.*; do
  number=\${name#*.}
  [ "$number" = "*" ] || [ "$number" -lt "$run" ] || { rm -f "out.$run" "err.$run"; exit 76; }
done
# A removal takes the description away before it takes the numbers.
for name in meta.*.json; do
  [ -e "$name" ] || { rm -f "out.$run" "err.$run"; exit 76; }
done
trap : HUP INT QUIT TERM USR1 USR2 ALRM

# Each segment of a log begins with the removal of the oldest, so the logs are bounded without the agent.
segment='set -- "\${FILE%.*.*}".*
while [ $# -ge "$PERSYS_LAUNCH_SEGMENTS" ]; do rm -f "$1"; shift; done
exec cat >"$FILE"'
keep_log() { # NAME; reads descriptor 4
  (
    trap '' HUP INT QUIT TERM USR1 USR2 ALRM
    exec split -b "$PERSYS_LAUNCH_SEGMENT_BYTES" -d -a 8 --filter="$segment" - \\
      "log/$1.$PERSYS_LAUNCH_RUN_PADDED." <&4 4<&- 5>&- 6>&- 8>&- 9>&-
  ) >/dev/null &
}
# Held by the log writers alone, so that it can be told when the last of them has written all.
exec 7<>logging
# Opened for both directions first, because opening one end alone would wait for the other.
exec 3<>"out.$run"; exec 4<"out.$run" 5>"out.$run" 3>&-
keep_log stdout
exec 3<>"err.$run"; exec 4<"err.$run" 6>"err.$run" 3>&-
keep_log stderr
exec 4<&- 7>&-
rm -f "out.$run" "err.$run"

oom_kills() {
  kills=0
  [ -z "$PERSYS_LAUNCH_OOM" ] || while read -r key value; do
    [ "$key" != oom_kill ] || kills=$value
  done <"$PERSYS_LAUNCH_OOM"
}
oom_kills
kills_before=$kills

PERSYS_LAUNCH_STAGE='trap "echo \\$? >&7" EXIT
cd -- "$PERSYS_LAUNCH_DIRECTORY" || exit 126
unset PWD OLDPWD SHLVL
PERSYS_LAUNCH_I=0
while [ "$PERSYS_LAUNCH_I" -lt "$PERSYS_LAUNCH_ENV_COUNT" ]; do
  eval "export \\"\\$PERSYS_LAUNCH_ENV_$PERSYS_LAUNCH_I\\""
  unset "PERSYS_LAUNCH_ENV_$PERSYS_LAUNCH_I"
  PERSYS_LAUNCH_I=$((PERSYS_LAUNCH_I + 1))
done
umask "$PERSYS_LAUNCH_UMASK"
unset PERSYS_LAUNCH_I PERSYS_LAUNCH_ENV_COUNT PERSYS_LAUNCH_DIRECTORY PERSYS_LAUNCH_UMASK
exec "$@" 7>&-'
export PERSYS_LAUNCH_STAGE

: >failed
{
  (exec setsid /bin/sh -c '
    trap "echo \\$? >&7" EXIT
    for number in 0 1 2 3 4 5; do
      eval "procs=\\$PERSYS_LAUNCH_CGROUP_$number"
      [ -z "$procs" ] || echo $$ >"$procs" || exit 125
      unset "PERSYS_LAUNCH_CGROUP_$number"
    done
    read -r stat </proc/$$/stat
    read -r boot </proc/sys/kernel/random/boot_id
    started_at() { shift 19; started=$1; }
    started_at \${stat##*) }
    echo "$$ $started $boot ." >"run.$PERSYS_LAUNCH_RUN" || exit 125
    exec 8>&- 9>&-
    stage=$PERSYS_LAUNCH_STAGE limits=$PERSYS_LAUNCH_PRLIMIT user=$PERSYS_LAUNCH_SETPRIV
    unset PERSYS_LAUNCH_STAGE PERSYS_LAUNCH_PRLIMIT PERSYS_LAUNCH_SETPRIV PERSYS_LAUNCH_RUN PERSYS_LAUNCH_RUN_PADDED
    unset PERSYS_LAUNCH_SEGMENTS PERSYS_LAUNCH_SEGMENT_BYTES PERSYS_LAUNCH_OOM PERSYS_LAUNCH_KILL
    exec $limits $user /bin/sh -c "$stage" "$0" "$@"
  ' "$id" "$@" </dev/null >&5 2>&6 5>&- 6>&- 7>failed)
  code=$?
} 2>note
exec 5>&- 6>&-

if read -r pid rest <"run.$run"; then
  kill -s KILL -- "-$pid" 2>/dev/null
  [ -z "$PERSYS_LAUNCH_KILL" ] || while read -r pid; do kill -s KILL "$pid" 2>/dev/null; done <"$PERSYS_LAUNCH_KILL"
fi
signal=0
[ "$code" -le 128 ] || [ ! -s note ] || signal=$((code - 128))
oom_kills
failed=0
[ ! -s failed ] || failed=1
echo "$code $signal $((kills - kills_before)) $failed ." >"exit.$run"
`;

/** The supervisor's text. */
export const supervisorScript: string = text;

/** File name of the supervisor: another text has another name, since shells read the file that they run piece by piece. */
export const supervisorFileName: string = `supervisor-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.sh`;

/** The environment variables that steer a supervisor. All but the entries of the program's environment are made of digits and our own paths. */
export const launchVariable = {
  run: "PERSYS_LAUNCH_RUN",
  runPadded: "PERSYS_LAUNCH_RUN_PADDED",
  segmentBytes: "PERSYS_LAUNCH_SEGMENT_BYTES",
  segments: "PERSYS_LAUNCH_SEGMENTS",
  oom: "PERSYS_LAUNCH_OOM",
  kill: "PERSYS_LAUNCH_KILL",
  cgroup: "PERSYS_LAUNCH_CGROUP_",
  prlimit: "PERSYS_LAUNCH_PRLIMIT",
  setpriv: "PERSYS_LAUNCH_SETPRIV",
  directory: "PERSYS_LAUNCH_DIRECTORY",
  umask: "PERSYS_LAUNCH_UMASK",
  envCount: "PERSYS_LAUNCH_ENV_COUNT",
  env: "PERSYS_LAUNCH_ENV_",
} as const;

/** How a supervisor ends that ran nothing. */
export const supervisorExit = {
  /** Another one holds the lock. */
  locked: 75,
  /** The run number has been used, or forbidden by a stop. */
  overtaken: 76,
  /** Its FIFOs could not be made. */
  unfit: 77,
} as const;
