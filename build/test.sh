# Runs every test there is: the .NET projects under tests/, then the browsers (tests/Interop).

test_usage() {
  cat <<'HELP'
usage: ./nexus test [filter]

Installs what the tests need (Debian packages as root, node modules), builds once, runs all tests, or those whose
name contains the filter, and ends with the failures, the skips with their reasons, and one line of totals:
  N passed, N failed, N skipped
Exit code 0 when something ran and nothing failed. Results are kept in artifacts/test.
HELP
}

# What the tests call, and the Debian package that brings it.
needed=(chromium:chromium firefox-esr:firefox-esr ffmpeg:ffmpeg ip:iproute2 nft:nftables openssl:openssl curl:curl
  turnserver:coturn node:nodejs npm:npm)

install_packages() {
  local missing=() entry sudo=''
  for entry in "${needed[@]}"; do
    PATH=$PATH:/usr/sbin command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "the tests need ${missing[*]}: install them"
  ((EUID == 0)) || sudo=sudo
  echo "nexus: installing ${missing[*]} …" >&2
  { $sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qy --no-install-recommends "${missing[@]}"; } \
    </dev/null >"$root/.nexus/apt.log" 2>&1 || { tail -n 20 "$root/.nexus/apt.log" >&2; die "could not install ${missing[*]}"; }
}

install_node_modules() {
  local folder
  for folder in "$root/tests/Interop" "$root/sdk/web"; do
    [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] ||
      (cd "$folder" && npm ci --no-audit --no-fund </dev/null >&2 && touch node_modules/.package-lock.json) ||
      die "npm ci failed in $folder"
  done
}

# A trx file and a log per .NET test project; one junit file for the browsers.
run_dotnet_tests() {
  local project name filter=()
  [[ -n $1 ]] && filter=(--filter "FullyQualifiedName~$1|DisplayName~$1")
  for project in "$root"/tests/*/*.csproj; do
    grep -q TestProject.props "$project" || continue
    name=$(basename "$project" .csproj)
    echo "== $name" >&2
    dotnet test "$(output "$name")/$name.dll" "${filter[@]}" --logger "trx;LogFileName=$name.trx" \
      --results-directory "$results" --blame-hang-timeout 5m --blame-hang-dump-type none </dev/null >"$results/$name.log" 2>&1 ||
      echo "$name" >>"$results/dotnet.failed"
    tail -n 1 "$results/$name.log" >&2
  done
}

# run_node_tests SUITE FOLDER FILTER COMMAND...: the command takes node's test options and runs in the folder.
run_node_tests() {
  local suite=$1 folder=$2 filter=()
  [[ -n $3 ]] && filter=("--test-name-pattern=/$(sed 's/[][\\.*^$+?(){}|/]/\\&/g' <<<"$3")/i")
  shift 3
  echo "== $suite" >&2
  (cd "$folder" && "$@" "${filter[@]}" --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=junit --test-reporter-destination="$results/$suite.junit.xml" </dev/null |
    { grep -v 'test name does not match pattern' || true; } >&2) ||
    echo "$suite" >>"$results/node.failed"
}

# node takes its options before the files.
interop() { node --test --test-concurrency=1 --test-timeout=600000 "$@" *.test.mjs; }

run_tests() {
  case ${1:-} in
    -h | --help) test_usage; return ;;
    -*) die "test: unknown option '$1'" ;;
  esac
  (($# <= 1)) || die "test takes one filter"
  results="$root/artifacts/test"
  rm -rf "$results"; mkdir -p "$results" "$root/.nexus"
  install_packages
  install_node_modules
  build_project Nexus.Orleans.sln all src tests bench
  run_dotnet_tests "${1:-}"
  run_node_tests Sdk "$root/sdk/web" "${1:-}" node test/run.mjs
  run_node_tests Interop "$root/tests/Interop" "${1:-}" interop
  exec node "$root/build/test-summary.mjs" "$results"
}
