#!/bin/sh
# Prints what this machine has and how busy it is: one JSON object a line, at once and then every few seconds.
# Memory and disk are MiB, times milliseconds since 1970, temperatures degrees Celsius, power watts. Runs under busybox.

interval=${BERTH_PROBE_INTERVAL:-5}
disk=${BERTH_PROBE_DISK:-/berth/disk}
# A driver that hangs must not keep the rest from being told.
patience=10

trap 'exit 0' TERM INT

boot_id=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
machine=$(uname -m)

# One entry a socket. A kernel that names no cores (ARM) has as many as it has processors.
cpus=$(awk -F '[ \t]*: *' -v machine="$machine" '
  function text(s) { gsub(/[\\"]/, "", s); gsub(/[[:cntrl:]]/, " ", s); return substr(s, 1, 120) }
  $1 == "processor" { socket = "0"; processors++ }
  $1 == "model name" { name = $2 }
  $1 == "physical id" { socket = $2; if (!(socket in count)) order[++sockets] = socket; count[socket]++; type[socket] = name }
  $1 == "cpu cores" { cores[socket] = $2 }
  END {
    if (sockets == 0) { sockets = 1; order[1] = "0"; count["0"] = processors; type["0"] = name }
    for (i = 1; i <= sockets; i++) {
      s = order[i]
      n = cores[s] + 0 > 0 ? cores[s] + 0 : count[s] + 0
      printf "%s{\"type\":\"%s\",\"cores\":%d}", (i > 1 ? "," : ""), text(type[s] == "" ? machine : type[s]), n
    }
  }' /proc/cpuinfo)

# Which container each process is in, as its cgroup says: "pid id", with version 1 and with version 2.
containers_of() {
  for pid in $1; do
    id=$(grep -o -E '[0-9a-f]{64}' "/proc/$pid/cgroup" 2>/dev/null | head -n 1)
    [ -n "$id" ] && echo "$pid $id"
  done
}

read_gpus() {
  gpu_error=
  gpus=
  processes=
  containers=
  command -v nvidia-smi >/dev/null 2>&1 || return 0
  fields=index,uuid,name,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw,driver_version
  gpus=$(timeout "$patience" nvidia-smi --query-gpu="$fields" --format=csv,noheader,nounits 2>&1)
  code=$?
  if [ "$code" -ne 0 ]; then
    gpu_error=$(echo "$gpus" | tr '\n' ' ')
    [ -n "$gpu_error" ] || gpu_error="nvidia-smi ended with code $code"
    gpus=
    return 0
  fi
  processes=$(timeout "$patience" nvidia-smi --query-compute-apps=gpu_uuid,pid,used_memory \
    --format=csv,noheader,nounits 2>/dev/null | head -n 256)
  containers=$(containers_of "$(echo "$processes" | awk -F ', *' '$2 ~ /^[0-9]+$/ && !seen[$2]++ { print $2 }')")
}

seq=0
busy_before=0
total_before=0
while :; do
  read_gpus
  # user nice system idle iowait irq softirq steal
  set -- $(awk '/^cpu / { idle = $5 + $6; all = 0; for (i = 2; i <= 9; i++) all += $i; print all - idle, all; exit }' /proc/stat)
  busy=${1:-0}
  total=${2:-0}
  export gpus processes containers gpu_error cpus
  awk -v seq="$seq" -v time="$(/usr/bin/date +%s)" -v boot_id="$boot_id" -v load="$(cut -d ' ' -f 1 /proc/loadavg)" \
    -v busy="$((busy - busy_before))" -v total="$((total - total_before))" \
    -v disk="$(df -k -P "$disk" 2>/dev/null | awk 'NR == 2 { print $2, $4 }')" '
    function text(s) { gsub(/[\\"]/, "", s); gsub(/[[:cntrl:]]/, " ", s); sub(/ +$/, "", s); return substr(s, 1, 240) }
    # What a GPU does not tell stands there as [N/A] or [Not Supported].
    function number(s) { return s ~ /^-?[0-9]+(\.[0-9]+)?$/ ? s + 0 : "null" }
    function quoted(s) { return s == "" ? "null" : "\"" text(s) "\"" }
    FILENAME == "/proc/meminfo" && $1 == "MemTotal:" { memory = int($2 / 1024) }
    FILENAME == "/proc/meminfo" && $1 == "MemAvailable:" { available = int($2 / 1024) }
    END {
      n = split(ENVIRON["containers"], lines, "\n")
      for (i = 1; i <= n; i++) { split(lines[i], word, " "); container[word[1]] = word[2] }
      n = split(ENVIRON["processes"], lines, "\n")
      for (i = 1; i <= n; i++) {
        if (split(lines[i], field, / *, */) < 2 || field[2] !~ /^[0-9]+$/) continue
        using[field[1]] = using[field[1]] (using[field[1]] == "" ? "" : ",") sprintf( \
          "{\"pid\":%d,\"memory\":%s,\"container_id\":%s}", field[2], number(field[3]), quoted(container[field[2]]))
      }
      n = split(ENVIRON["gpus"], lines, "\n")
      for (i = 1; i <= n && i <= 64; i++) {
        if (split(lines[i], field, / *, */) < 9) continue
        driver = field[9]
        list = list (list == "" ? "" : ",") sprintf( \
          "{\"index\":%d,\"uuid\":\"%s\",\"type\":\"%s\",\"memory\":%s,\"memory_used\":%s,\"utilization\":%s,\"temperature\":%s,\"power\":%s,\"processes\":[%s]}", \
          field[1], text(field[2]), text(field[3]), number(field[4]), number(field[5]), number(field[6]), number(field[7]), \
          number(field[8]), using[field[2]])
      }
      split(disk, room, " ")
      printf "{\"seq\":%d,\"time\":%d000,\"boot_id\":%s,\"cpus\":[%s],\"load\":%s,\"busy\":%s,", \
        seq, time, quoted(boot_id), ENVIRON["cpus"], number(load), (seq > 0 && total > 0 ? sprintf("%.3f", busy / total) : "null")
      printf "\"memory\":{\"total\":%d,\"free\":%d},\"disk\":%s,", memory, available, \
        (room[1] == "" ? "null" : sprintf("{\"total\":%d,\"free\":%d}", int(room[1] / 1024), int(room[2] / 1024)))
      printf "\"driver\":%s,\"gpu_error\":%s,\"gpus\":[%s]}\n", quoted(driver), quoted(ENVIRON["gpu_error"]), list
    }' /proc/meminfo
  seq=$((seq + 1))
  busy_before=$busy
  total_before=$total
  # In the background, so that a signal does not wait for its end.
  sleep "$interval" &
  wait $!
done
