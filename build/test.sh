# Runs tests: the .NET projects under tests/, the SDK's (sdk/web/test), the browsers' (tests/Interop). With a name, only what has it.

test_usage() {
  cat <<'HELP'
usage: ./nexus test [--long] [NAME]

Installs what the tests need (Debian packages as root, node modules), builds once, runs all tests, and ends with the
failures, the skips with their reasons, and one line of totals:
  N passed, N failed, N skipped
Exit code 0 when something ran and nothing failed. Results are kept in artifacts/test.

  NAME     only tests that have it in their name, class or file: builds, installs and runs what those need, nothing else
  --long   also full matrices, soaks and chaos (up to 75 minutes)
HELP
}

# What tests call, the Debian package that brings it, and by what a test's source tells that it needs it.
needed=(
  'node nodejs .'
  'npm npm import'
  'openssl openssl "openssl"|turn\.mjs|certificate\.mjs'
  'redis-server redis-server redis-server|cluster\.mjs'
  'promtool prometheus promtool'
  'chromium chromium Stage|launchChromium|lines\.mjs'
  'firefox-esr firefox-esr [Ff]irefox'
  'ffmpeg ffmpeg ffmpeg|ffprobe|publishH264'
  'ip iproute2 netns|roaming|lines\.mjs'
  'nft nftables netns|roaming|lines\.mjs'
  'curl curl netns|roaming|curl|lines\.mjs'
  'nginx nginx [Nn]ginx'
  'turnserver coturn turn\.mjs'
  'systemd-analyze systemd systemd-analyze'
  '- gstreamer1.0-plugins-good gstreamer\.py'
  '- gstreamer1.0-plugins-bad gstreamer\.py'
  '- gstreamer1.0-nice gstreamer\.py'
  '- gir1.2-gst-plugins-bad-1.0 gstreamer\.py'
  '- python3-gst-1.0 gstreamer\.py'
  '- python3-aiortc aiortc_peer'
)

# is_there COMMAND PACKAGE: of libraries, which have no command (-), the package manager knows.
is_there() {
  if [[ $1 == - ]]; then
    dpkg-query -W -f '${Status}' "$2" 2>/dev/null | grep -q ' installed$'
  else
    PATH=$PATH:/usr/sbin command -v "$1" >/dev/null
  fi
}

# install_packages FILE...: what these tests need and the machine lacks.
install_packages() {
  local missing=() entry command package pattern sudo=''
  for entry in "${needed[@]}"; do
    read -r command package pattern <<<"$entry"
    is_there "$command" "$package" || ! grep -qE -- "$pattern" "$@" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "the tests need ${missing[*]}: install them"
  ((EUID == 0)) || sudo=sudo
  echo "nexus: installing ${missing[*]} …" >&2
  { $sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qy --no-install-recommends "${missing[@]}"; } \
    </dev/null >"$root/.nexus/apt.log" 2>&1 || { tail -n 20 "$root/.nexus/apt.log" >&2; die "could not install ${missing[*]}"; }
}

# install_node_modules FOLDER...
install_node_modules() {
  local folder
  command -v npm >/dev/null || die "the browser and SDK tests need Node.js 20 with npm"
  for folder in "$@"; do
    [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] ||
      (cd "$folder" && npm ci --no-audit --no-fund </dev/null >&2 && touch node_modules/.package-lock.json) ||
      die "npm ci failed in $folder"
  done
}

# files_with NAME FILE...: those whose text has every part of Class.Method.
files_with() {
  local part kept
  while (($# > 1)) && IFS= read -r part; do
    [[ -z $part ]] || { mapfile -t kept < <(grep -liF -- "$part" "${@:2}" /dev/null || true); set -- "$1" "${kept[@]}"; }
  done < <(tr '.' '\n' <<<"$1")
  (($# == 1)) || printf '%s\n' "${@:2}"
}

# files_named NAME FILE...: those that have it in their own name; they run whole.
files_named() { printf '%s\n' "${@:2}" | grep -iE -- "/[^/]*$(sed 's/[][\\.*^$+?(){}|]/\\&/g' <<<"$1")[^/]*$" || true; }

# Fills projects, sdk_tests and interop_files with what has the name; all of them without one.
select_tests() {
  local name=$1 project
  projects=() sdk_tests=() interop_files=() sources=()
  mapfile -t all_projects < <(grep -l TestProject.props "$root"/tests/*/*.csproj)
  for project in "${all_projects[@]}"; do
    mapfile -t own < <(find "$(dirname "$project")" -name '*.cs' ! -path '*/obj/*')
    [[ -z $name ]] || mapfile -t own < <(files_with "$name" "${own[@]}")
    ((${#own[@]} == 0)) || { projects+=("$project"); sources+=("${own[@]}"); }
  done
  sdk_tests=("$root"/sdk/web/test/*.test.ts) interop_files=("$root"/tests/Interop/*.test.mjs)
  pattern=$name
  if [[ -n $name ]]; then
    mapfile -t named < <(files_named "$name" "${sdk_tests[@]}" "${interop_files[@]}")
    if ((${#named[@]})); then
      pattern=''
      mapfile -t sdk_tests < <(printf '%s\n' "${named[@]}" | grep '\.ts$' || true)
      mapfile -t interop_files < <(printf '%s\n' "${named[@]}" | grep '\.mjs$' || true)
    else
      mapfile -t sdk_tests < <(files_with "$name" "${sdk_tests[@]}")
      mapfile -t interop_files < <(files_with "$name" "${interop_files[@]}")
    fi
  fi
  sources+=("${interop_files[@]}")
  ((${#projects[@]} + ${#sdk_tests[@]} + ${#interop_files[@]})) || die "no test has '$name' in its name, class or file"
}

# A trx file and a log per .NET test project. A test project is an executable that runs itself.
run_dotnet_tests() {
  local project name filter=()
  [[ -n $1 ]] && filter=(--filter-method "*$1*" --ignore-exit-code 8) # 8: none has the name after all
  for project in "${projects[@]}"; do
    name=$(basename "$project" .csproj)
    echo "== $name" >&2
    timeout -k 30 "$most" dotnet "$(output "$name")/$name.dll" "${filter[@]}" --no-ansi --progress off --results-directory "$results" \
      --report-xunit-trx --report-xunit-trx-filename "$name.trx" </dev/null >"$results/$name.log" 2>&1 ||
      echo "$name" >>"$results/dotnet.failed"
    grep -E '^ +(total|failed|succeeded|skipped|duration): ' "$results/$name.log" | tr -s ' \n' ' ' >&2 || true
    echo >&2
  done
}

# run_node_tests SUITE FOLDER PATTERN COMMAND...: the command takes node's test options and runs in the folder.
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
interop() { node --test --test-concurrency=1 --test-timeout="$most_of_a_file" "$@" "${interop_files[@]##*/}"; }

run_tests() {
  local name='' long=''
  while (($#)); do
    case $1 in
      -h | --help) test_usage; return ;;
      --long) long=1 ;;
      -*) die "test: unknown option '$1'" ;;
      *) [[ -z $name ]] || die "test takes one name"; name=$1 ;;
    esac
    shift
  done
  most=20m most_of_a_file=600000
  [[ -z $long ]] || { export NEXUS_LONG=1; most=75m most_of_a_file=4500000; }
  results="$root/artifacts/test"
  rm -rf "$results"; mkdir -p "$results" "$root/.nexus"
  select_tests "$name"
  install_packages "${sources[@]}" /dev/null
  ((${#interop_files[@]} == 0)) || { install_node_modules "$root/tests/Interop" "$root/sdk/web"; build_server; }
  ((${#sdk_tests[@]} == 0)) || install_node_modules "$root/sdk/web"
  if [[ -z $name ]]; then
    build_project Nexus.Orleans.sln all src tests bench
  else
    for project in "${projects[@]}"; do
      build_project "${project#"$root/"}" "$(basename "$project" .csproj)" src tests
    done
  fi
  run_dotnet_tests "$name"
  ((${#sdk_tests[@]} == 0)) || run_node_tests Sdk "$root/sdk/web" "$pattern" node test/run.mjs
  ((${#interop_files[@]} == 0)) || run_node_tests Interop "$root/tests/Interop" "$pattern" interop
  exec node "$root/build/test-summary.mjs" "$results"
}
