#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=scripts/smoke/common.sh
. "$(dirname "$0")/smoke/common.sh"

usage() {
  cat <<'END'
test-build-lifecycle.sh: does an engine build? It builds a small image (or the spec given), follows it, reads its log, downloads
and checks what it made with its evidence, cancels a second build, and removes what it made. A small image takes a minute or two.

  LBUILD_URL=https://host LBUILD_API_KEY=lbk_… scripts/test-build-lifecycle.sh [OPTION]...

  --spec FILE        builds this spec (.yaml, .yml or .json) in place of a small one
  --timeout SECONDS  for each of the two builds; it is cancelled after that (default 1800)
  --to DIR           keeps the downloads in this folder; it must not be there yet
  --keep             leaves the images with the engine
  --help             shows this

The key needs the permissions specs:validate, builds:create, builds:read, builds:cancel, artifacts:read, and artifacts:write
for the removal.

Exit codes:
  0    all of it worked
  1    the build failed, or what it made is not what the engine says
  2    wrong usage, a setting or a program (curl, jq, sha256sum or shasum) is missing
  4    the engine does not accept the key, or the key may not do this
  6    no engine answers
  7    a build took too long, or anything else went wrong
  130  interrupted; builds that ran are cancelled
END
}

spec='' timeout=1800 to='' keep=false
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --keep) keep=true ;;
    --spec | --timeout | --to)
      [ $# -gt 1 ] || stop $exit_usage "$1 needs a value. Try --help."
      case $1 in
        --spec) spec=$2 ;;
        --timeout) timeout=$2 ;;
        --to) to=$2 ;;
      esac
      shift
      ;;
    *) stop $exit_usage "there is no argument $1. Try --help." ;;
  esac
  shift
done
case $timeout in
  '' | *[!0-9]* | 0*) stop $exit_usage '--timeout is a number of seconds, 1 or more.' ;;
esac
case $spec in
  '' | *.json) media='application/json' ;;
  *.yaml | *.yml) media='application/yaml' ;;
  *) stop $exit_usage "--spec $spec is neither .yaml nor .yml nor .json." ;;
esac
[ -z "$spec" ] || [ -r "$spec" ] || stop $exit_usage "--spec $spec cannot be read."
[ -z "$to" ] || [ ! -e "$to" ] || stop $exit_usage "--to $to is there already. Name a folder that is not."
need_tools curl jq
if command -v sha256sum >/dev/null 2>&1; then digest_of() { sha256sum <"$1" | cut -d ' ' -f 1; }
elif command -v shasum >/dev/null 2>&1; then digest_of() { shasum -a 256 <"$1" | cut -d ' ' -f 1; }
else need_tools sha256sum; fi
connect

readonly mark="smoke-$(date +%s)-$$"
running='' made=''

say() { printf '%3d:%02d  %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }

# quit CODE TEXT - ends, and says what stays.
quit() {
  [ -z "$made" ] || printf 'What build %s made stays with the engine.\n' "$made" >&2
  stop "$1" "$2"
}

# give_up WHAT - ends by what the last answer was.
give_up() {
  case $status in
    000) quit $exit_unreachable "$1: $(told)" ;;
    401 | 403) quit $exit_access "$1: $(told)" ;;
    422) quit $exit_usage "$1: $(told)$(field '[.errors[]? | "\n  \(.path): \(.reason) \(.remedy)"] | join("")')" ;;
    *) quit $exit_other "$1: $(told)" ;;
  esac
}

# expect STATUS WHAT - ends unless the last answer has this status.
expect() { [ "$status" = "$1" ] || give_up "$2"; }

# cleanup - cancels what still runs. A failure here must not hide why it is called.
cleanup() {
  local code=$?
  trap - EXIT
  # Whoever is impatient must not leave a build behind.
  trap '' INT TERM HUP
  if [ -n "$running" ]; then
    request POST "/v1/builds/$running/cancel" || true
    if [ "$status" = 202 ]; then say "cancelled $running" >&2; else say "build $running may still run: $(told)" >&2; fi
  fi
  rm -rf "$work"
  # What ends this by itself, such as jq at an answer that is no JSON, has codes of its own.
  case $code in 0 | 1 | 2 | 4 | 6 | 7 | 130) exit "$code" ;; *) exit $exit_other ;; esac
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# start FILE MEDIA - starts a build; its id is in `running`. Repeating the request would start no second one.
start() {
  request POST '/v1/builds?force=true' --header "content-type: $2" --header "idempotency-key: $mark-$3" --data-binary "@$1"
  expect 202 'the build was not taken'
  running=$(field '.id')
}

# progress - the last body, a build, on one line.
progress() {
  jq --raw-output '
    "\(.state)\(if .cancelRequested and (.ended | not) then ", to be cancelled" else "" end)"
    + (if .percent then ", \(.percent) %" else "" end)
    + ([.stages[]? | select(.state == "running" or .state == "queued") | . as $stage
        | "  \(.id) \([.steps[] | select(.state == "succeeded")] | length)/\(.steps | length)"
        + ([.steps[] | select(.state == "running") | " \(.id)"][0] // "")] | join(""))' "$work/body"
}

# follow UNTIL - tells of each change until the jq filter UNTIL is true of the build. Answers that fail for now are asked for again.
follow() {
  local last='' line failed=0 began=$SECONDS
  while :; do
    request GET "/v1/builds/$running"
    case $status in
      200) failed=0 ;;
      000 | 429 | 5??)
        failed=$((failed + 1))
        [ $failed -lt 5 ] || give_up "build $running cannot be read"
        ;;
      *) give_up "build $running cannot be read" ;;
    esac
    if [ "$status" = 200 ]; then
      line=$(progress)
      [ "$line" = "$last" ] || say "$line"
      last=$line
      if holds "$1"; then return; fi
    fi
    [ $((SECONDS - began)) -lt "$timeout" ] || quit $exit_other "build $running is not done after $timeout seconds (${last:-no answer})."
    sleep 1
  done
}

# fetch PATH FILE SIZE SHA256 - downloads by the address that the engine signs, without the key, and checks.
fetch() {
  request GET "$1"
  expect 307 "$1 cannot be downloaded"
  case $redirect in
    *[\"\\]* | '') quit $exit_failed "$1 leads to no address." ;;
  esac
  printf 'url = "%s"\n' "$redirect" | curl -q --config - --globoff --silent --show-error --fail --retry 3 \
    --proto '=http,https' --connect-timeout 10 --speed-limit 1000 --speed-time 60 --output "$2" 2>"$work/error" ||
    quit $exit_other "$1 cannot be downloaded: $(tr -d '\000-\037' <"$work/error")"
  local size digest
  size=$(wc -c <"$2" | tr -d ' ')
  digest=$(digest_of "$2")
  [ "$size" = "$3" ] || quit $exit_failed "$1 has $size bytes, and the engine says $3."
  [ "$digest" = "$4" ] || quit $exit_failed "$1 has the SHA-256 $digest, and the engine says $4."
}

# fetch_all LIST PART - downloads what LIST (lines of name, size, digest, kind) names, from artifacts or evidence.
fetch_all() {
  local name size digest kind
  while IFS=$'\t' read -r name size digest kind; do
    # A name becomes a file's name here.
    case $name in
      '' | .* | *[!A-Za-z0-9._+~-]*) quit $exit_failed "the $2 has a name that is none: $name" ;;
    esac
    fetch "/v1/builds/$running/$2/$name" "$files/$name" "$size" "$digest"
    say "$2: $name ($kind), $size bytes, sha256 $digest"
  done <"$1"
}

say "asking $base_url"
request GET /v1/capabilities
expect 200 'the engine does not say what it builds'
choose_base
# The mark makes the step another one each time: it runs, and has a log, whatever is cached.
small() { # NAME COMMAND
  jq --null-input --argjson base "$base" --arg name "$1" --arg run "$2" \
    '{schemaVersion: 1, name: $name, base: $base, steps: [{id: "smoke", run: $run}], outputs: [{type: "tar"}]}'
}

small smoke "echo $mark" >"$work/small.json"
start "${spec:-$work/small.json}" "$media" build
say "build $running of ${spec:-a small spec}"
follow '.ended'
state=$(field '.state')
cp "$work/body" "$work/build"
build=$running
if [ "$state" != succeeded ]; then
  running=''
  field '.failure.logTail[]?' | sed 's/^/       | /' >&2
  quit $exit_failed "build $build is $state: $(field '"\(.failure.code) \(.failure.reason) \(.failure.remedy)"')"
fi
made=$running
if holds '(.publication // "published") != "published"'; then
  running=''
  quit $exit_failed "what build $build made is $(field '.publication'): its policy asks for an approval."
fi

lines=0 cursor=''
: >"$work/log"
while :; do
  request GET "/v1/builds/$build/logs$cursor"
  expect 200 'the log cannot be read'
  jq --raw-output '.lines[] | "\(.stage) \(.step) | \(.text)"' "$work/body" >>"$work/log"
  if holds '.complete'; then break; fi
  next="?cursor=$(field '.cursor | @uri')&waitSeconds=5"
  [ "$next" != "$cursor" ] || holds '.lines | length > 0' || quit $exit_other 'the log has no end, though the build has.'
  cursor=$next
done
lines=$(wc -l <"$work/log" | tr -d ' ')
[ -n "$spec" ] || grep -q "^s[0-9]* smoke | $mark\$" "$work/log" || quit $exit_failed "the log has no line $mark of step smoke."
say "log: $lines lines"

files=${to:-$work/files}
mkdir -p "$files"
request GET "/v1/builds/$build/artifacts"
expect 200 'the artifacts cannot be listed'
jq --raw-output '.artifacts[] | [.name, .size, .sha256, .type] | @tsv' "$work/body" >"$work/artifacts"
[ -s "$work/artifacts" ] || quit $exit_failed 'the build made nothing.'
fetch_all "$work/artifacts" artifacts
jq --raw-output '.evidence[]? | [.name, .size, .sha256, .kind] | @tsv' "$work/build" >"$work/evidence"
fetch_all "$work/evidence" evidence
for kind in checksums provenance signature; do
  grep -q "	$kind\$" "$work/evidence" || quit $exit_failed "the evidence has no $kind."
done
while IFS=$'\t' read -r name size digest kind; do
  grep -qF "$digest  $name" "$files/$(awk -F '\t' '$4 == "checksums" { print $1 }' "$work/evidence")" ||
    quit $exit_failed "the signed checksums do not have $name with $digest."
done <"$work/artifacts"
running=''

small smoke-cancel "echo $mark && sleep 3600" >"$work/slow.json"
start "$work/slow.json" application/json cancel
cancelled=$running
say "build $cancelled, to be cancelled"
follow '.ended or .state == "running"'
request POST "/v1/builds/$cancelled/cancel"
expect 202 "build $cancelled cannot be cancelled"
follow '.ended'
running=''
[ "$(field '.state')" = cancelled ] || quit $exit_failed "build $cancelled is $(field '.state') though it was cancelled."

if $keep; then
  say "what build $build made stays, as asked for"
else
  request DELETE "/v1/builds/$build/artifacts"
  if [ "$status" = 200 ]; then
    say "what build $build made is in the trash$(field 'if .purgeAt then " until \(.purgeAt)" else null end')"
  else
    say "what build $build made stays: $(told)"
  fi
fi
[ -z "$to" ] || say "the downloads are in $to"
say "the records of $build and $cancelled stay, and so does what the cache took of them"
say 'all of it worked'
