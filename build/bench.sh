# Benchmarks: bench/NAME/NAME.mjs where one is driven by browsers, else a case of Nexus.Bench.

bench_usage() {
  cat <<'HELP'
usage: ./nexus bench NAME [--json] [options of the benchmark]

HELP
  (cd "$root/bench" && for script in */*.mjs; do
    [[ $(basename "$script" .mjs) == "$(dirname "$script")" ]] && sed -n '1s|^// |  |p' "$script"; done)
  [[ -e $(output Nexus.Bench)/nexus-bench.dll ]] && dotnet "$(output Nexus.Bench)/nexus-bench.dll" --help
  return 0
}

run_bench() {
  local name=${1:-}
  case $name in
    '' | -h | --help) bench_usage; return ;;
    *[!a-z0-9-]*) die "unknown benchmark '$name'" ;;
  esac
  if [[ -e $root/bench/$name/$name.mjs ]]; then
    . "$root/build/test.sh"
    install_packages "$root/bench/$name/$name.mjs"
    install_node_modules "$root/tests/Interop" "$root/sdk/web"
    build_server
    shift
    exec node "$root/bench/$name/$name.mjs" "$@"
  fi
  build_project bench Nexus.Bench bench src tests/TestKit
  exec dotnet "$(output Nexus.Bench)/nexus-bench.dll" "$@"
}
