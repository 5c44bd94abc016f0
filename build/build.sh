# Building once, and not again while no source is newer than what was built.

# output PROJECT: the folder a project's Release build lands in.
output() { echo "$root/artifacts/bin/$1/release"; }

# up_to_date STAMP FOLDER...: no file or folder (a deleted file touches its folder) is newer than the stamp.
up_to_date() {
  local stamp=$1; shift
  [[ -e $stamp ]] && [[ -z $(cd "$root" && find "$@" *.props global.json \
    \( -name bin -o -name obj -o -name node_modules \) -prune -o -newer "$stamp" ! -name '*.md' -print -quit) ]]
}

# build_project PATH NAME [FOLDER...]: builds PATH in Release unless it is up to date with its FOLDERs (default: src).
build_project() {
  local path=$1 name=$2
  shift 2
  once "$name" "building $path" "${*:-src}" dotnet build "$root/$path" -c Release --nologo -v quiet -clp:NoSummary
}

# The server is published for this machine where it can be: compiled ahead of time, it starts in half the time and its first
# joins do not wait for the compiler.
server() { local rid; rid=$(runtime_id) && echo "$root/artifacts/publish/Nexus.Silo/release_$rid" || output Nexus.Silo; }

build_server() {
  local rid
  if rid=$(runtime_id); then
    once Nexus.Silo.publish 'building the server' src dotnet publish "$root/src/Silo" -c Release -r "$rid" --self-contained false --nologo -v quiet
  else
    build_project src/Silo Nexus.Silo
  fi
}

# One of the RuntimeIdentifiers of Directory.Build.props; fails elsewhere.
runtime_id() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    *) return 1 ;;
  esac
}

# once NAME WHAT FOLDERS COMMAND...: runs a build unless nothing in the folders is newer than its last success. What it says goes to
# standard error when it fails: standard output belongs to the command. One at a time.
once() {
  local stamp="$root/artifacts/.built-$1" log="$root/artifacts/build-$1.log" what=$2 folders=$3
  shift 3
  mkdir -p "$root/artifacts" "$root/.nexus"
  exec 9>"$root/.nexus/build.lock"; flock 9
  # shellcheck disable=SC2086 # several folders
  if ! up_to_date "$stamp" $folders build; then
    command -v dotnet >/dev/null || die "dotnet is not installed: the .NET 10 SDK is needed, https://dotnet.microsoft.com"
    echo "nexus: $what …" >&2
    touch "$stamp.new"
    "$@" >"$log" 2>&1 9>&- || { cat "$log" >&2; die "$what failed"; }
    mv "$stamp.new" "$stamp"
  fi
  exec 9>&-
}
