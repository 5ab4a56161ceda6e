#!/bin/sh
# Joins this GPU server to Berth. Read it, then run it as root; `sh berth-join.sh --help` tells the options.
#
# What it does here, in this order:
#   1. looks at Docker, the GPUs, the disk, the clock and the port, and says how to mend what is wrong;
#   2. makes a key for Docker, which never leaves this server, and lets Berth sign a certificate for it;
#   3. turns Docker's live-restore on, so that containers outlive the restart;
#   4. lets Docker listen for Berth (and nobody else) over TLS, and restarts it, once you have agreed;
#   5. puts everything back by itself where Docker does not answer within 30 seconds;
#   6. tells Berth what this server has, and Berth connects to it.
# Berth shows what each check came to to the admin who made the line.
# Whatever it changes is kept beside it as *.before-berth, and `--uninstall` puts it back.
set -eu

BERTH_URL='@BERTH_URL@'
BERTH_TOKEN='@BERTH_TOKEN@'
# The only authority that may vouch for Berth here: what comes over the network is compared with it.
BERTH_CA_SHA256='@BERTH_CA_SHA256@'

# Where all files are, for a look at what would be written: nothing outside of it is changed then.
ROOT=${BERTH_ROOT:-}
KEPT=/etc/docker/berth
DROP_IN=/etc/systemd/system/docker.service.d/berth.conf
CHANGED=$ROOT$KEPT/changed
PATIENCE_S=30
RENEW_S=$((60 * 86400))

ACTION='join'
ADDRESS=
PORT=2376
YES=no
RESTART_COMMAND=
CONFIG=/etc/docker/daemon.json
SOCKET=/var/run/docker.sock
SKIP_GPU_CHECK=no
# From where Berth was asked last, as curl tells it.
LOCAL_ADDRESS=

usage() {
  cat <<'USAGE'
usage: sh berth-join.sh [options]
  --check                 only look, change nothing
  --uninstall             put everything back as it was, and restart Docker
  --yes                   restart Docker without asking
  --address ADDRESS       by what Berth reaches this server (default: the address that leads to Berth)
  --port PORT             where Docker listens for Berth (default 2376)
  --skip-gpu-check        join also where Docker can't use the GPUs yet
  --restart-command CMD   how Docker is restarted where systemd does not run it; its TLS settings then go into daemon.json
  --docker-config FILE    Docker's own settings (default /etc/docker/daemon.json)
  --docker-socket FILE    where Docker answers (default /var/run/docker.sock)
USAGE
}

die() {
  printf 'berth: %s\n' "$*" >&2
  exit 1
}

say() { printf '%s\n' "$*"; }

need_value() { [ "$1" -ge 2 ] || die "$2 needs a value; --help tells the options."; }

while [ $# -gt 0 ]; do
  case $1 in
    --check) ACTION=check ;;
    --uninstall) ACTION=uninstall ;;
    --yes) YES=yes ;;
    --skip-gpu-check) SKIP_GPU_CHECK=yes ;;
    --address) need_value $# "$1" && ADDRESS=$2 && shift ;;
    --port) need_value $# "$1" && PORT=$2 && shift ;;
    --restart-command) need_value $# "$1" && RESTART_COMMAND=$2 && shift ;;
    --docker-config) need_value $# "$1" && CONFIG=$2 && shift ;;
    --docker-socket) need_value $# "$1" && SOCKET=$2 && shift ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && die "$1 is no option." ;;
  esac
  shift
done
case $PORT in '' | *[!0-9]*) die "--port is a number, such as 2376." ;; esac
case $ADDRESS in *[!A-Za-z0-9.:-]*) die "--address is an IP address or a host name." ;; esac

# --- what others do for us ------------------------------------------------------------------------------------------

# What the caller's shell says of some other Docker must not lead us there.
unset DOCKER_HOST DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH
docker_() { docker -H "unix://$SOCKET" "$@"; }
has() { command -v "$1" > /dev/null 2>&1; }
now() { date -u +%s; }

# The address comes by stdin: it holds the token, and arguments are there for every user of this server to read.
# ask_berth PATH [FILE TO SEND]: the answer is in $WORK/answer; fails where Berth refuses.
ask_berth() {
  : > "$WORK/answer"
  if has curl; then
    if [ $# -gt 1 ]; then set -- "$1" --data-binary "@$2" -H 'content-type: text/plain'; fi
    asked=$BERTH_URL$1
    shift
    status=$(printf 'url = "%s"\n' "$asked" |
      curl -sS -K - -H 'accept: text/plain' --max-time 60 -o "$WORK/answer" -D "$WORK/head" -w '%{http_code} %{local_ip}' "$@" 2> "$WORK/why") || status=000
    LOCAL_ADDRESS=${status#* }
    status=${status%% *}
  else
    asked=$BERTH_URL$1
    if [ $# -gt 1 ]; then set -- --post-file="$2" --header='content-type: text/plain'; else shift; fi
    if printf '%s\n' "$asked" |
      wget -i - --header='accept: text/plain' -S -T 60 -t 1 -O "$WORK/answer" --content-on-error "$@" 2> "$WORK/head"; then status=200; else status=400; fi
    sed 's/^ *//' "$WORK/head" > "$WORK/why"
  fi
  case $status in
    2*) return 0 ;;
    000) sed 's/^/berth: /' "$WORK/why" > "$WORK/answer" ;;
  esac
  return 1
}

refusal() { head -c 600 "$WORK/answer" | tr -d '\000-\010\013-\037'; }

# The members of the object in a JSON file, one a line: the name, a tab, the value as it stands there. Fails for what is
# no such object. A file that is not there, or empty, has none.
members() {
  [ -s "$1" ] || return 0
  awk '
    function trim(text) { gsub(/^ +| +$/, "", text); return text }
    function emit() { if (name != "") print name "\t" trim(part); else if (trim(part) != "") bad = 1; name = ""; part = "" }
    { text = text $0 "\n" }
    END {
      length_ = length(text)
      for (i = 1; i <= length_; i++) {
        c = substr(text, i, 1)
        if (quoted) {
          part = part c
          if (escaped) escaped = 0
          else if (c == "\\") escaped = 1
          else if (c == "\"") quoted = 0
          continue
        }
        if (c == "\n" || c == "\t" || c == "\r") c = " "
        if (ended && c != " ") bad = 1
        if (c == "\"") quoted = 1
        if (c == "{" || c == "[") { depth++; if (depth == 1) { if (c != "{" || trim(part) != "") bad = 1; part = ""; continue } }
        if (c == "}" || c == "]") { depth--; if (depth == 0) { emit(); ended = 1; continue } }
        if (depth == 1 && c == ":" && name == "") {
          name = trim(part)
          if (name !~ /^".+"$/) bad = 1
          name = substr(name, 2, length(name) - 2)
          part = ""
          continue
        }
        if (depth == 1 && c == ",") { emit(); continue }
        part = part c
      }
      exit (bad || depth != 0 || quoted || !ended)
    }' "$1"
}

# member FILE NAME: its value as it stands there, nothing where there is none.
member() { members "$1" | awk -F '\t' -v name="$2" '$1 == name { print $2; exit }'; }
unquoted() { sed 's/^"\(.*\)"$/\1/'; }

# with_members FILE NAME VALUE…: the same object with these members.
with_members() {
  file=$1
  shift
  members "$file" > "$WORK/members"
  while [ $# -gt 0 ]; do
    awk -F '\t' -v name="$1" '$1 != name' "$WORK/members" > "$WORK/members.rest"
    { cat "$WORK/members.rest" && printf '%s\t%s\n' "$1" "$2"; } > "$WORK/members"
    shift 2
  done
  awk -F '\t' '
    { lines[NR] = "  \"" $1 "\": " substr($0, length($1) + 2) }
    END { print "{"; for (i = 1; i <= NR; i++) print lines[i] (i < NR ? "," : ""); print "}" }' "$WORK/members"
}

# --- what is changed, and put back ----------------------------------------------------------------------------------

WORK=$(mktemp -d)
CHANGING=no
: > "$WORK/touched"
trap 'leave $?' EXIT
trap 'exit 130' INT TERM HUP

leave() {
  trap - EXIT
  if [ "$CHANGING" = yes ]; then roll_back || true; fi
  rm -rf "$WORK"
  exit "$1"
}

# touch_file PATH: it is about to change; what it was before this run is kept until the run has ended well.
touch_file() {
  if awk -F '\t' -v path="$1" '$2 == path { found = 1 } END { exit !found }' "$WORK/touched"; then return 0; fi
  number=$(wc -l < "$WORK/touched" | tr -d ' ')
  if [ -e "$1" ]; then
    cp -p "$1" "$WORK/touched.$number"
    printf 'was\t%s\t%s\n' "$1" "$WORK/touched.$number" >> "$WORK/touched"
  else
    printf 'new\t%s\t-\n' "$1" >> "$WORK/touched"
  fi
}

restore_touched() {
  while IFS="$(printf '\t')" read -r how path copy; do
    if [ "$how" = was ]; then cp -p "$copy" "$path"; else rm -f "$path"; fi
  done < "$WORK/touched"
  if [ -s "$WORK/folders" ]; then
    while read -r path; do rmdir "$path" 2> /dev/null || true; done < "$WORK/folders"
  fi
  : > "$WORK/touched"
}

record() {
  touch_file "$CHANGED"
  printf '%s\t%s\n' "$1" "$2" >> "$CHANGED"
}

# make_folder PATH: with those above it; `--uninstall` takes away the ones that were not there.
make_folder() {
  [ -d "$ROOT$1" ] && return 0
  make_folder "$(dirname "$1")"
  mkdir -m 755 "$ROOT$1"
  printf '%s\n' "$ROOT$1" | cat - "$WORK/folders" > "$WORK/folders.new" 2> /dev/null || true
  mv "$WORK/folders.new" "$WORK/folders"
  printf '%s\n' "$1" >> "$WORK/made"
}

# put_file PATH FILE MODE: what is there goes to PATH.before-berth, once, however often this script runs.
put_file() {
  target=$ROOT$1
  if [ -e "$target" ] && cmp -s "$target" "$2"; then return 0; fi
  make_folder "$(dirname "$1")"
  make_folder "$KEPT"
  [ -e "$CHANGED" ] || { touch_file "$CHANGED" && : > "$CHANGED"; }
  if [ -s "$WORK/made" ]; then
    while read -r folder; do record folder "$folder"; done < "$WORK/made"
    : > "$WORK/made"
  fi
  if ! awk -F '\t' -v path="$1" '$2 == path { found = 1 } END { exit !found }' "$CHANGED"; then
    if [ -e "$target" ]; then
      touch_file "$target.before-berth"
      cp -p "$target" "$target.before-berth"
      record kept "$1"
    else
      record new "$1"
    fi
  fi
  touch_file "$target"
  if [ -e "$target" ]; then cp -p "$target" "$target.berth-new"; else : > "$target.berth-new" && chmod "$3" "$target.berth-new"; fi
  cat "$2" > "$target.berth-new"
  mv "$target.berth-new" "$target"
}

# --- Docker ---------------------------------------------------------------------------------------------------------

under_systemd() { [ -z "$RESTART_COMMAND" ]; }

docker_pid() {
  pid=
  if under_systemd; then pid=$(systemctl show -p MainPID --value docker.service 2> /dev/null || true); fi
  case $pid in '' | 0)
    file=$(member "$ROOT$CONFIG" pidfile | unquoted)
    pid=$(cat "${file:-/var/run/docker.pid}" 2> /dev/null || pidof dockerd 2> /dev/null || true)
    ;;
  esac
  printf '%s' "$pid"
}

docker_arguments() {
  pid=$(docker_pid)
  if [ -n "$pid" ]; then tr '\0' '\n' < "/proc/$pid/cmdline" 2> /dev/null || true; fi
}

docker_says() { docker_ info --format "$1" 2> /dev/null || true; }
# Not by `info`, which waits for as long as Docker asks a registry that does not answer.
docker_version() { docker_ version --format '{{.Server.Version}}' 2> /dev/null || true; }
docker_answers() { [ -n "$(docker_version)" ]; }
fingerprint() { openssl x509 -noout -fingerprint -sha256 2> /dev/null | sed 's/^.*=//; s/://g'; }
endpoint() { case $ADDRESS in *:*) printf '[%s]:%s' "$ADDRESS" "$PORT" ;; *) printf '%s:%s' "$ADDRESS" "$PORT" ;; esac }

# Whether Docker listens for Berth with the certificate that is in place.
listens() {
  [ -e "$ROOT$KEPT/server.pem" ] || return 1
  served=$(openssl s_client -connect "$(endpoint)" < /dev/null 2> /dev/null | fingerprint)
  [ -n "$served" ] && [ "$served" = "$(fingerprint < "$ROOT$KEPT/server.pem")" ]
}

port_is_taken() {
  awk -v port="$(printf '%04X' "$PORT")" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2> /dev/null
}

# restart_docker CONDITION: until the condition holds and Docker answers, or fails after the time for it.
restart_docker() {
  if under_systemd; then command='systemctl daemon-reload && systemctl restart docker.service'; else command=$RESTART_COMMAND; fi
  sh -c "$command" < /dev/null > "$WORK/restart.log" 2>&1 &
  restarting=$!
  until_=$(($(now) + PATIENCE_S))
  ended=no
  while [ "$(now)" -lt "$until_" ]; do
    # A child that has ended stays there as a zombie until it is waited for.
    case $(awk '{ print $3 }' "/proc/$restarting/stat" 2> /dev/null) in '' | Z)
      if [ "$ended" = no ] && ! wait "$restarting"; then break; fi
      ended=yes
      ;;
    esac
    if [ "$ended" = yes ] && docker_answers && "$1"; then return 0; fi
    sleep 1
  done
  kill "$restarting" 2> /dev/null || true
  head -c 2000 "$WORK/restart.log" >&2
  return 1
}

always() { :; }

roll_back() {
  CHANGING=no
  say 'Putting everything back as it was.'
  restore_touched
  # A Docker that was never restarted has only to read its settings again.
  if [ -n "$PID_BEFORE" ] && [ "$(docker_pid)" = "$PID_BEFORE" ] && docker_answers; then
    if under_systemd; then systemctl daemon-reload || true; fi
    kill -HUP "$PID_BEFORE" || true
    return 0
  fi
  if restart_docker always; then
    say 'Docker answers as before.'
    return 0
  fi
  say 'Docker does not answer. Its settings are as they were before this script: start it by hand.' >&2
  return 1
}

agree() {
  [ "$YES" = yes ] && return 0
  if ! (: < /dev/tty) 2> /dev/null; then die "Nobody can be asked here: run it again with --yes."; fi
  printf '%s [y/N] ' "$1" > /dev/tty
  read -r answer < /dev/tty || answer=
  case $answer in [yY]*) return 0 ;; *) die 'Nothing was changed.' ;; esac
}

# --- the checks -----------------------------------------------------------------------------------------------------

FAILURES=0
CHECK=
: > "$WORK/checks"
TELLS=no
TOLD_AT=0
ok() { say "ok    $1" && note ok "$1" ''; }
warn() { say "warn  $1" && say "      $2" && note warning "$1" "$2"; }
fail() { say "FAIL  $1" && say "      fix: $2" && FAILURES=$((FAILURES + 1)) && note failed "$1" "$2"; }

one_line() { printf '%s' "$1" | tr '\000-\037' ' ' | head -c 300; }
# note STATUS TEXT FIX: a line for whoever made this script's token, with a tab between its parts.
note() { printf '%s\t%s\t%s\t%s\n' "$CHECK" "$1" "$(one_line "$2")" "$(one_line "$3")" >> "$WORK/checks" || true; }

# tell [now]: shows in Berth how far this is, no more than once a second. Nothing depends on it: where Berth does not take
# it, it is told no more.
tell() {
  [ "$TELLS" = yes ] || return 0
  if [ "${1:-}" != now ] && [ "$(now)" -le "$TOLD_AT" ]; then return 0; fi
  TOLD_AT=$(now)
  if has curl; then
    printf 'url = "%s"\n' "$BERTH_URL/join/$BERTH_TOKEN/checks" |
      curl -fsS -K - -H 'content-type: text/plain' --data-binary "@$WORK/checks" --max-time 5 -o /dev/null 2> /dev/null || TELLS=no
  else
    printf '%s\n' "$BERTH_URL/join/$BERTH_TOKEN/checks" |
      wget -q -i - -T 5 -t 1 -O /dev/null --header='content-type: text/plain' --post-file="$WORK/checks" 2> /dev/null || TELLS=no
  fi
}

check_docker() {
  if ! has docker; then
    fail 'There is no docker command.' 'install Docker 20.10 or newer: https://docs.docker.com/engine/install/'
    return 0
  fi
  version=$(docker_version)
  if [ -z "$version" ]; then
    fail "Docker does not answer on $SOCKET." 'systemctl enable --now docker (or --docker-socket, where it is elsewhere)'
    return 0
  fi
  if printf '%s' "$version" | awk -F . '{ exit !($1 > 20 || ($1 == 20 && $2 >= 10)) }'; then
    ok "Docker $version answers."
  else
    fail "Docker $version is too old." 'upgrade it to 20.10 or newer: https://docs.docker.com/engine/install/'
  fi
  if [ "$(docker_says '{{.DefaultRuntime}}')" = nvidia ]; then
    warn 'nvidia is the default runtime: any image that asks for it gets every GPU, whoever holds them.' \
      "take \"default-runtime\" out of $CONFIG, set accept-nvidia-visible-devices-envvar-when-unprivileged = false in /etc/nvidia-container-runtime/config.toml, and restart Docker"
  fi
}

check_settings() {
  if ! members "$ROOT$CONFIG" > "$WORK/config"; then
    fail "$CONFIG is not a JSON object." 'mend it: Docker would not start with it, either'
    return 0
  fi
  [ -e "$CHANGED" ] && return 0
  if awk -F '\t' '$1 ~ /^tls/ || ($1 == "hosts" && $2 ~ /tcp:/) { found = 1 } END { exit !found }' "$WORK/config" ||
    docker_arguments | grep -Eq '^(--tls|(-H=?|--host=)?tcp:)'; then
    fail 'Docker listens on TCP already, or has TLS settings of its own.' \
      'add this server in Berth by its address and certificates, or take those settings out and run this again'
  elif ! under_systemd && docker_arguments | grep -Eq '^(-H|--host)'; then
    fail 'Docker is started with -H, which its settings must not repeat.' "put it into $CONFIG as \"hosts\" instead, and restart Docker"
  fi
}

check_restart() {
  under_systemd || return 0
  if ! has systemctl || ! systemctl cat docker.service > "$WORK/unit" 2> /dev/null; then
    fail 'systemd does not run Docker here.' "say how Docker is restarted: --restart-command 'service docker restart'"
  elif [ -z "$(unit_command)" ]; then
    fail 'docker.service has no ExecStart that this script can read.' "look at: systemctl cat docker.service"
  fi
}

check_gpus() {
  if ! has nvidia-smi; then
    warn 'This server has no nvidia-smi, so no GPU that Berth could give.' 'where it has one, install the NVIDIA driver first'
    return 0
  fi
  # Of Berth's own or NVIDIA's first: others may lack what nvidia-smi needs.
  image=$(docker_ images --format '{{.Repository}}:{{.Tag}}' 2> /dev/null | grep -v '<none>' |
    awk '{ print ($0 ~ /^(berth-system:|nvidia\/cuda:)/ ? 0 : 1) " " NR " " $0 }' | sort -n | awk 'NR == 1 { print $3 }')
  if [ -z "$image" ]; then
    warn 'No image is here to try the GPUs with.' 'docker run --rm --gpus all nvidia/cuda:12.4.1-base-ubuntu22.04 nvidia-smi'
    return 0
  fi
  tried=$(docker_ run --rm --pull never --network none --gpus all -e NVIDIA_DRIVER_CAPABILITIES=utility \
    --entrypoint nvidia-smi "$image" -L 2>&1) || true
  case $tried in
    *'GPU 0'*) ok "Containers can use the GPUs (tried with $image)." ;;
    *'could not select device driver'* | *nvidia-container-cli* | *'unknown runtime'*)
      fix='install the NVIDIA Container Toolkit, then: nvidia-ctk runtime configure --runtime=docker && systemctl restart docker'
      if [ "$SKIP_GPU_CHECK" = yes ]; then
        warn "Docker can't use the GPUs." "$fix"
      else
        fail "Docker can't use the GPUs." "$fix (or --skip-gpu-check)"
      fi
      ;;
    *)
      warn "The GPUs could not be tried with $image." \
        'docker run --rm --gpus all nvidia/cuda:12.4.1-base-ubuntu22.04 nvidia-smi'
      ;;
  esac
}

# MiB in all, and free.
disk_of_docker() {
  folder=$(docker_says '{{.DockerRootDir}}')
  df -Pk "${folder:-/}" 2> /dev/null | awk 'END { printf "%d %d", $2 / 1024, $4 / 1024 }'
}

check_disk() {
  free=$(disk_of_docker | awk '{ print $2 }')
  if [ "${free:-0}" -lt 2048 ]; then
    fail "Docker's disk has ${free:-no known} MiB left." 'make room (docker system df), or move it: "data-root" in daemon.json'
  elif [ "$free" -lt 51200 ]; then
    warn "Docker's disk has $((free / 1024)) GiB left." 'images with CUDA need 10 GiB each: think of a larger disk for "data-root"'
  else
    ok "Docker's disk has $((free / 1024)) GiB left."
  fi
}

check_berth() {
  if ! has curl && ! has wget; then
    fail 'Neither curl nor wget is here.' 'install curl'
    return 0
  fi
  has openssl || fail 'openssl is not here.' 'install openssl'
  if ! ask_berth /healthz; then
    fail "Berth does not answer at $BERTH_URL: $(refusal)" 'look at the network and the firewall between'
    return 0
  fi
  TELLS=yes
  skew=$(awk -v now="$(now)" '
    tolower($1) == "date:" {
      split($5 == "" ? "" : $0, part, /[ :]+/)
      month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", part[4]) + 2) / 3
      year = part[5] - (month <= 2)
      days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400)
      days += int((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + part[3] - 1 - 719468
      away = now - (((days * 24 + part[6]) * 60 + part[7]) * 60 + part[8])
      print away < 0 ? -away : away
      exit
    }' "$WORK/head")
  if [ -z "$skew" ]; then
    warn "Berth answers, but not what time it is." 'compare the clocks by hand: date -u'
  elif [ "$skew" -gt 300 ]; then
    fail "The clock is $skew seconds away from Berth's: certificates would not be good." 'timedatectl set-ntp true (or set it by hand)'
  else
    ok "Berth answers, and the clocks agree within $skew seconds."
  fi
}

find_address() {
  [ -z "$ADDRESS" ] || return 0
  host=$(printf '%s' "$BERTH_URL" | sed -E 's#^https?://##; s#/.*$##; s#:[0-9]+$##; s#^\[(.*)\]$#\1#')
  case $host in
    *[!0-9.]*) case $host in *:*) ;; *) host=$(getent hosts "$host" 2> /dev/null | awk 'NR == 1 { print $1 }') ;; esac ;;
  esac
  if [ -n "$host" ] && has ip; then
    ADDRESS=$(ip -o route get "$host" 2> /dev/null | sed -n 's/^.* src \([0-9a-fA-F.:]*\).*$/\1/p' | head -n 1)
  fi
  ADDRESS=${ADDRESS:-$LOCAL_ADDRESS}
}

check_address() {
  if [ -z "$ADDRESS" ]; then
    fail 'By which address Berth reaches this server could not be found out.' 'give it: --address 10.0.0.5'
    return 0
  fi
  ok "Berth is to reach this server at $(endpoint)."
  if port_is_taken && ! listens; then fail "Another program listens on port $PORT." "choose another one: --port $((PORT + 1))"; fi
  rule='to any port'
  if has ufw && ufw status 2> /dev/null | grep -q '^Status: active'; then
    warn 'ufw is active.' "let Berth in: ufw allow from ADDRESS-OF-BERTH $rule $PORT proto tcp"
  elif has firewall-cmd && firewall-cmd --state > /dev/null 2>&1; then
    warn 'firewalld is active.' "let Berth in: firewall-cmd --permanent --add-port=$PORT/tcp && firewall-cmd --reload"
  elif has nft && nft list ruleset 2> /dev/null | grep -Eq 'hook input.*policy drop'; then
    warn 'nftables drops what is not allowed.' "let Berth in: a rule for tcp dport $PORT in the input chain"
  fi
}

check_all() {
  CHECK=root
  if [ "$(id -u)" = 0 ]; then ok 'This is root.'; else fail 'This is not root.' 'run it with sudo'; fi
  CHECK=berth
  check_berth
  tell
  CHECK=docker
  check_docker
  check_restart
  check_settings
  tell
  CHECK=gpus
  check_gpus
  tell
  CHECK=disk
  check_disk
  CHECK=address
  find_address
  check_address
  tell now
  [ "$FAILURES" -eq 0 ] || die "$FAILURES thing(s) to mend first; nothing was changed."
}

# --- what Docker is to listen with ----------------------------------------------------------------------------------

# The command of docker.service as its files say it, ours left out: the last one counts, and an empty one takes back.
unit_command() {
  awk -v ours="$DROP_IN" '
    /^# \// { skipped = ($2 == ours); next }
    skipped { next }
    { line = held $0; held = "" }
    line ~ /\\$/ { sub(/ *\\$/, " ", line); held = line; next }
    line ~ /^\[/ { in_service = (line ~ /^\[Service\]/) }
    in_service && line ~ /^ExecStart *=/ { sub(/^ExecStart *= */, "", line); command = line }
    END { print command }' "$WORK/unit"
}

TLS_FLAGS="--tlsverify --tlscacert=$KEPT/ca.pem --tlscert=$KEPT/server.pem --tlskey=$KEPT/server-key.pem"

write_drop_in() {
  command=$(unit_command)
  hosts=
  # Without any -H Docker listens on its socket, and no more so once there is one.
  case " $command " in
    *' -H'* | *' --host'*) ;;
    *) docker_arguments | grep -Eq '^(-H|--host)' || hosts=" -H unix://$SOCKET" ;;
  esac
  cat << DROP_IN
# Written by Berth's join script; berth-join.sh --uninstall takes it away.
[Service]
ExecStart=
ExecStart=$command$hosts -H tcp://$(endpoint) $TLS_FLAGS
DROP_IN
}

write_config() {
  hosts=$(if [ -e "$ROOT$CONFIG.before-berth" ]; then member "$ROOT$CONFIG.before-berth" hosts; else member "$ROOT$CONFIG" hosts; fi)
  case $hosts in
    '' | '[]') hosts="\"unix://$SOCKET\"" ;;
    *) hosts=$(printf '%s' "$hosts" | sed 's/^\[ *//; s/ *\]$//') ;;
  esac
  with_members "$ROOT$CONFIG" hosts "[$hosts, \"tcp://$(endpoint)\"]" tlsverify true \
    tlscacert "\"$KEPT/ca.pem\"" tlscert "\"$KEPT/server.pem\"" tlskey "\"$KEPT/server-key.pem\""
}

# Where the listener goes: `hosts` in daemon.json and -H in the unit exclude each other.
listens_by_config() {
  ! under_systemd || [ -n "$(member "$ROOT$CONFIG" hosts)" ]
}

needs_certificate() {
  certificate=$ROOT$KEPT/server.pem
  [ -e "$certificate" ] && [ -e "$ROOT$KEPT/server-key.pem" ] &&
    [ "$(fingerprint < "$ROOT$KEPT/ca.pem")" = "$BERTH_CA_SHA256" ] &&
    [ "$(cat "$ROOT$KEPT/address" 2> /dev/null)" = "$ADDRESS" ] &&
    openssl x509 -checkend "$RENEW_S" -noout -in "$certificate" > /dev/null 2>&1 && return 1
  return 0
}

# Lets Berth sign a request. The answer is in $WORK: server.pem, ca.pem, registry.
get_certificate() {
  if [ -e "$ROOT$KEPT/server-key.pem" ]; then
    cp "$ROOT$KEPT/server-key.pem" "$WORK/server-key.pem"
  else
    (umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/server-key.pem")
  fi
  openssl req -new -key "$WORK/server-key.pem" -subj "/CN=docker" -out "$WORK/request.pem" 2> "$WORK/why" ||
    die "openssl could not make a request: $(cat "$WORK/why")"
  # A server that is a machine already is told by its engine, too: its address may be another one now.
  engine_id=$(docker_says '{{.ID}}' | tr -cd 'A-Za-z0-9:-')
  ask_berth "/join/$BERTH_TOKEN/sign?address=$ADDRESS&engine_id=$engine_id" "$WORK/request.pem" || return 1
  for name in certificate ca registry_ca; do sed -n "s/^$name //p" "$WORK/answer" > "$WORK/$name.pem"; done
  sed -n 's/^registry //p' "$WORK/answer" > "$WORK/registry"
  sed -n 's/^registry_is_plain //p' "$WORK/answer" > "$WORK/registry_is_plain"
  [ "$(fingerprint < "$WORK/ca.pem")" = "$BERTH_CA_SHA256" ] ||
    die 'The authority in the answer is not the one of this script: somebody may be between here and Berth.'
  openssl verify -CAfile "$WORK/ca.pem" "$WORK/certificate.pem" > /dev/null 2>&1 ||
    die 'The certificate in the answer is not good here: look at the clock (date -u).'
}

# --- the three things to do -----------------------------------------------------------------------------------------

apply() {
  CHANGING=yes
  PID_BEFORE=$(docker_pid)
  live_restore_on
  printf '%s\n' "$ADDRESS" > "$WORK/address"
  put_file "$KEPT/address" "$WORK/address" 644
  if [ -e "$WORK/renewed" ]; then
    put_file "$KEPT/server-key.pem" "$WORK/server-key.pem" 600
    put_file "$KEPT/ca.pem" "$WORK/ca.pem" 644
    put_file "$KEPT/server.pem" "$WORK/certificate.pem" 644
  fi
  if listens_by_config; then
    write_config > "$WORK/new.json"
    put_file "$CONFIG" "$WORK/new.json" 644
  else
    write_drop_in > "$WORK/new.conf"
    put_file "$DROP_IN" "$WORK/new.conf" 644
  fi
  if ! restart_docker listens; then
    say "Docker did not answer on $SOCKET and $(endpoint) within $PATIENCE_S seconds." >&2
    note failed "Docker did not answer on $SOCKET and $(endpoint) within $PATIENCE_S seconds after its restart." 'look at what the script printed there'
    roll_back || true
    tell now
    die 'This server did not join. The lines above say why.'
  fi
  put_script
  put_sums
  CHANGING=no
  say "Docker listens for Berth at $(endpoint)."
}

# For --uninstall, when nobody has the file any more. A script that came through a pipe has no file to keep.
put_script() {
  case $0 in *berth-join*) [ ! -r "$0" ] || put_file "$KEPT/berth-join.sh" "$0" 600 ;; esac
}

# What the files came to when this script wrote them, so that --uninstall sees what somebody has edited since.
put_sums() {
  for path in "$CONFIG" "$DROP_IN"; do [ ! -e "$ROOT$path" ] || cksum "$ROOT$path"; done > "$WORK/sums"
  put_file "$KEPT/sums" "$WORK/sums" 644
}

is_edited() {
  [ -e "$ROOT$1" ] && grep -qF " $ROOT$1" "$ROOT$KEPT/sums" 2> /dev/null && ! cksum "$ROOT$1" | grep -qxF -f - "$ROOT$KEPT/sums"
}

# Read anew without a restart: the restart that follows then leaves the containers alone.
live_restore_on() {
  [ "$(docker_says '{{.LiveRestoreEnabled}}')" = true ] && return 0
  if docker_arguments | grep -q '^--live-restore' || [ "$(docker_says '{{.Swarm.LocalNodeState}}')" = active ]; then
    say 'Docker keeps live-restore off (swarm, or its own options): containers stop at the restart.'
    return 0
  fi
  with_members "$ROOT$CONFIG" live-restore true > "$WORK/live.json"
  put_file "$CONFIG" "$WORK/live.json" 644
  kill -HUP "$PID_BEFORE" 2> /dev/null || true
  until_=$(($(now) + 10))
  while [ "$(docker_says '{{.LiveRestoreEnabled}}')" != true ]; do
    if [ "$(now)" -ge "$until_" ]; then say 'Docker did not turn live-restore on: containers may stop at the restart.' && return 0; fi
    sleep 1
  done
}

put_registry_ca() {
  [ -s "$WORK/registry" ] || return 0
  address=$(cat "$WORK/registry")
  case $address in *[!A-Za-z0-9.:\[\]-]* | *..*) return 0 ;; esac
  if [ -s "$WORK/registry_ca.pem" ]; then
    put_file "/etc/docker/certs.d/$address/ca.crt" "$WORK/registry_ca.pem" 644
  elif [ -s "$WORK/registry_is_plain" ]; then
    case $address in localhost:* | 127.* | '[::1]'*) ;; *)
      warn "Berth's registry at $address speaks plain http." "list it under \"insecure-registries\" in $CONFIG, and reload Docker" ;;
    esac
  fi
}

# As Berth wants it: a line a thing.
write_report() {
  say "engine_id=$(docker_says '{{.ID}}')"
  say "address=$ADDRESS"
  say "port=$PORT"
  say "disk=$(disk_of_docker)"
  awk '$1 == "MemTotal:" { total = $2 } $1 == "MemAvailable:" { free = $2 }
    END { printf "memory=%d %d\n", total / 1024, free / 1024 }' /proc/meminfo
  # One line a socket; a machine that tells of none has one, with all its processors.
  awk -F '[ \t]*: ' '
    $1 == "processor" { processors++ }
    $1 == "model name" { model = $2 }
    $1 == "physical id" { socket = $2; models[socket] = model }
    $1 == "cpu cores" { cores[socket] = $2 }
    END {
      for (socket in models) { found = 1; print "cpu=" (cores[socket] ? cores[socket] : 1) " " models[socket] }
      if (!found) print "cpu=" processors " " (model == "" ? "unknown" : model)
    }' /proc/cpuinfo
  if has nvidia-smi; then
    nvidia-smi --query-gpu=index,uuid,memory.total,name --format=csv,noheader,nounits 2> /dev/null | sed 's/^/gpu=/' || true
  fi
}

join() {
  check_all
  CHECK='join'
  if get_certificate; then signed=yes; else signed=no; fi
  if needs_certificate; then
    if [ "$signed" = no ]; then
      note failed "Berth signs no certificate: $(refusal)" 'mend it, or make another line in Berth'
      tell now
      die "Berth signs no certificate: $(refusal)"
    fi
    : > "$WORK/renewed"
  fi
  if is_in_place; then
    say 'Nothing is to be changed on this server.'
  else
    say "Docker is to listen for Berth at $(endpoint), with TLS on both sides, and live-restore on."
    agree 'Docker will be restarted for it. Go on?'
    apply
  fi
  put_registry_ca
  tell now
  write_report > "$WORK/report"
  if ! ask_berth "/join/$BERTH_TOKEN/report" "$WORK/report"; then
    note failed "Docker is ready, but Berth did not add this server: $(refusal)" 'mend it (is a firewall between?) and run the line again'
    tell now
    die "Docker is ready, but Berth did not add this server: $(refusal)
Mend it (is a firewall between?) and run this again; --uninstall puts everything back."
  fi
  say "This server is machine $(sed -n 's/^name //p' "$WORK/answer") of Berth, with the id $(sed -n 's/^machine_id //p' "$WORK/answer")."
}

is_in_place() {
  [ ! -e "$WORK/renewed" ] && [ -e "$CHANGED" ] && listens || return 1
  if listens_by_config; then
    write_config | cmp -s - "$ROOT$CONFIG"
  else
    write_drop_in | cmp -s - "$ROOT$DROP_IN"
  fi
}

uninstall() {
  if [ ! -e "$CHANGED" ]; then
    say 'Nothing of Berth is on this server.'
    return 0
  fi
  [ "$(id -u)" = 0 ] || die 'This is not root: run it with sudo.'
  agree 'Docker will be restarted without its door for Berth; containers stop unless live-restore was on before. Go on?'
  PID_BEFORE=$(docker_pid)
  CHANGING=yes
  cp "$CHANGED" "$WORK/to-undo"
  for path in "$CONFIG" "$DROP_IN"; do
    if is_edited "$path"; then
      cp -p "$ROOT$path" "$ROOT$path.edited"
      say "$path was edited after this server joined: that is kept as $path.edited."
    fi
  done
  while IFS="$(printf '\t')" read -r how path; do
    [ "$how" = folder ] && continue
    touch_file "$ROOT$path"
    touch_file "$ROOT$path.before-berth"
    if [ "$how" = kept ]; then mv "$ROOT$path.before-berth" "$ROOT$path"; else rm -f "$ROOT$path"; fi
  done < "$WORK/to-undo"
  touch_file "$CHANGED"
  rm -f "$CHANGED"
  if ! restart_docker always; then
    roll_back || true
    die "Docker does not answer without Berth's settings, so they stay."
  fi
  CHANGING=no
  # The deepest first.
  awk -F '\t' '$1 == "folder" { print $2 }' "$WORK/to-undo" | sort -r | while read -r path; do rmdir "$ROOT$path" 2> /dev/null || true; done
  say 'Everything is as it was before. Remove the machine in Berth, too.'
}

case $ACTION in
  check) check_all && say 'This server can join.' ;;
  uninstall) uninstall ;;
  join) join ;;
esac
