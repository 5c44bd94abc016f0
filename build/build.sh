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
# What the build says goes to standard error, standard output belongs to the command.
build_project() {
  local path=$1 name=$2 stamp="$root/artifacts/.built-$2" log="$root/artifacts/build-$2.log"
  shift 2
  mkdir -p "$(dirname "$stamp")" "$root/.nexus"
  exec 9>"$root/.nexus/build.lock"; flock 9
  if ! up_to_date "$stamp" "${@:-src}" build; then
    command -v dotnet >/dev/null || die "dotnet is not installed: the .NET 10 SDK is needed, https://dotnet.microsoft.com"
    echo "nexus: building $path …" >&2
    touch "$stamp.new"
    dotnet build "$root/$path" -c Release --nologo -v quiet -clp:NoSummary >"$log" 2>&1 9>&- ||
      { cat "$log" >&2; die "the build of $path failed"; }
    mv "$stamp.new" "$stamp"
  fi
  exec 9>&-
}
