#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=scripts/smoke/common.sh
. "$(dirname "$0")/smoke/common.sh"

usage() {
  cat <<'END'
quick-curl-test.sh: does an engine answer as it should? It builds nothing and changes nothing, and takes seconds.

  LBUILD_URL=https://host LBUILD_API_KEY=lbk_… scripts/quick-curl-test.sh

The key needs the permissions specs:validate, builds:create and builds:read.
A line a check: ok, or FAILED with what was expected and what came.

Exit codes:
  0  all checks hold
  1  a check failed
  2  wrong usage, a setting or a program (curl, jq) is missing
  4  the engine does not accept the key
  6  no engine answers
END
}

case ${1:-} in
  '') ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) stop $exit_usage "there is no argument $1. Try --help." ;;
esac
need_tools curl jq
connect
trap 'rm -rf "$work"' EXIT

checks=0 failures=0
# expect NAME STATUS FILTER WORDS - judges the last answer; WORDS tell what the filter asks for.
expect() {
  checks=$((checks + 1))
  if [ "$status" = "$2" ] && holds "$3"; then
    printf 'ok      %s\n' "$1"
    return
  fi
  failures=$((failures + 1))
  printf 'FAILED  %s: expected %s with %s, got %s\n' "$1" "$2" "$4" "$(told)"
}

printf 'Asking %s\n' "$base_url"
request_as '' GET /v1/health
expect 'health' 200 '.status == "ready"' 'status "ready"'
[ "$status" != 000 ] || stop $exit_unreachable "no engine answers at $base_url: check LBUILD_URL, and that it runs."

request_as '' GET /v1/openapi.json
expect 'OpenAPI document' 200 '(.openapi | startswith("3.1")) and (.paths | length > 20)' 'a document of OpenAPI 3.1'

request_as '' GET /v1/whoami
expect 'no key' 401 '.code == "access.unauthenticated"' 'code access.unauthenticated'

request_as 'lbk_wrong' GET /v1/whoami
expect 'a wrong key' 401 '.code == "access.unauthenticated"' 'code access.unauthenticated'

request GET /v1/whoami
expect 'whoami' 200 '(.tenant.tenantId | startswith("ten_")) and (.permissions | type == "array")' 'a tenant and permissions'
[ "$status" != 401 ] || stop $exit_access 'the engine does not accept the key: check LBUILD_API_KEY, and that it is of this engine.'

request GET /v1/capabilities
expect 'capabilities' 200 '([.outputs[] | select(.available)] | length > 0) and ([.architectures[] | select(.supported)] | length > 0)' \
  'outputs and an architecture that can be built'
if [ "$status" = 200 ]; then choose_base; else base='{"distribution":"debian","release":"trixie","architecture":"amd64"}'; fi

json='content-type: application/json'
jq --null-input --argjson base "$base" '{schemaVersion: 1, name: "smoke", base: $base, outputs: [{type: "tar"}]}' >"$work/good.json"
jq '.outputs = [{type: "no-such-output"}] | .name = ""' "$work/good.json" >"$work/bad.json"

request POST /v1/specs/validate --header "$json" --data-binary "@$work/good.json"
expect 'a good spec' 200 '.valid and (.digest | length == 64)' 'valid true and a digest'

request POST /v1/specs/validate --header "$json" --data-binary "@$work/bad.json"
expect 'a bad spec' 200 '(.valid | not) and ([.errors[].path] | index("name") and index("outputs[0].type")) and ([.errors[] | .code, .reason, .remedy] | all(length > 0))' \
  'an error with code, reason and remedy at name and at outputs[0].type'

request POST /v1/builds:plan --header "$json" --data-binary "@$work/bad.json"
expect 'a plan of a bad spec' 422 '.code == "spec.invalid"' 'code spec.invalid'

request POST /v1/builds:plan --header "$json" --data-binary "@$work/good.json"
expect 'a plan' 200 '(.planDigest | length == 64) and (.steps | length > 0)' 'a digest and steps'

request GET '/v1/builds?limit=1'
expect 'list of builds' 200 '.builds | type == "array" and length <= 1' 'at most one build'

printf '%s checks, %s failed, %s s\n' "$checks" "$failures" "$SECONDS"
[ "$failures" = 0 ] || exit $exit_failed
