# What both smoke tests share; they source it. It needs bash (3.2 will do), curl and jq.
#
# LBUILD_URL and LBUILD_API_KEY say which engine and whose key, as for lbuild. The key goes to curl on standard input, so that no
# list of processes shows it, and leaves the environment of everything that is called from here.

# Exit codes are those of lbuild.
readonly exit_failed=1 exit_usage=2 exit_access=4 exit_unreachable=6 exit_other=7

stop() { # CODE TEXT
  printf '%s: %s\n' "${0##*/}" "$2" >&2
  exit "$1"
}

# need_tools NAME... - says all that is missing at once.
need_tools() {
  local tool missing=''
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
  done
  [ -z "$missing" ] || stop $exit_usage "these programs are missing:$missing. Install them with the packages of the same names."
}

# connect - reads the connection from the environment into base_url and api_key, and makes the folder $work.
connect() {
  base_url=${LBUILD_URL:-} api_key=${LBUILD_API_KEY:-}
  unset LBUILD_API_KEY
  [ -n "$base_url" ] || stop $exit_usage 'LBUILD_URL is not set. Set it to the address of the engine, like https://host.'
  [ -n "$api_key" ] || stop $exit_usage 'LBUILD_API_KEY is not set. Set it to an API key, like lbk_….'
  # Both go into curl's configuration: nothing in them may end its quotes.
  case $base_url in
    *[!]A-Za-z0-9._~:/%[-]*) stop $exit_usage 'LBUILD_URL is no address like https://host.' ;;
    http://?* | https://?*) ;;
    *) stop $exit_usage 'LBUILD_URL is no address like https://host.' ;;
  esac
  case $api_key in
    *[!A-Za-z0-9._~+/=-]*) stop $exit_usage 'LBUILD_API_KEY is no API key: it has characters that none has.' ;;
  esac
  while [ "${base_url%/}" != "$base_url" ]; do base_url=${base_url%/}; done
  work=$(mktemp -d "${TMPDIR:-/tmp}/lbuild-smoke-XXXXXX")
}

# request_as KEY METHOD PATH [OPTION OF CURL]... - sets `status` (000: no answer) and `redirect`; the body is in $work/body, what
# curl said in $work/error. An empty key: none is sent.
request_as() {
  local key=$1 method=$2 place=$3 answer
  shift 3
  : >"$work/body"
  # -q: a .curlrc of the user must not change what this test does, nor trace the key.
  answer=$(
    {
      [ -z "$key" ] || printf 'header = "authorization: Bearer %s"\n' "$key"
      printf 'url = "%s"\n' "$base_url$place"
    } | curl -q --config - --globoff --silent --show-error --proto '=http,https' --connect-timeout 5 --max-time 60 \
      --request "$method" --output "$work/body" --write-out '%{http_code} %{redirect_url}' "$@" 2>"$work/error"
  ) || answer="000 "
  status=${answer%% *} redirect=${answer#* }
}

request() { request_as "$api_key" "$@"; }

# holds FILTER - whether the last body is JSON for which the jq filter is true.
holds() { jq --exit-status "$1" "$work/body" >/dev/null 2>&1; }

# field FILTER - what the jq filter makes of the last body, as text; nothing where it is not there.
field() { jq --raw-output "($1) // empty" "$work/body" 2>/dev/null || true; }

# told - what the last answer was, on one line.
told() {
  if [ "$status" = 000 ]; then
    printf 'no answer (%s)' "$(tr -d '\000-\037' <"$work/error" | cut -c 1-200)"
  elif holds '.code'; then
    printf '%s %s' "$status" "$(field '.code + ": " + (.detail // "") + " " + (.remedy // "")' | tr '\n' ' ')"
  else
    printf '%s %s' "$status" "$(tr -d '\000-\037' <"$work/body" | cut -c 1-200)"
  fi
}

# choose_base - sets `base` to the base of a small spec that this engine can build, as JSON, by the capabilities in the last body.
choose_base() {
  base=$(jq --compact-output '{
    distribution: "debian",
    release: ([.releases[] | select(.distribution == "debian") | .name] | if index("trixie") then "trixie" else .[0] end),
    architecture: ([.architectures[] | select(.supported) | .name][0])
  }' "$work/body")
}
