# Publishing: a folder and an archive that run where there is no .NET.

publish_usage() {
  cat <<'HELP'
usage: ./nexus publish [--arch x64|arm64] [--out FOLDER]

Makes FOLDER/nexus-VERSION-linux-ARCH (default FOLDER: artifacts/ship), a .tar.gz of it and its .sha256. The folder is the
server with its runtime, compiled ahead of time; the target needs Linux with glibc 2.27 or later and OpenSSL 3, and no .NET:
  nexus           the command: ./nexus up --help
  nexus.json      a configuration to begin with
  nexus.service   a systemd unit, Dockerfile an image: both say at their top how they are used
HELP
}

run_publish() {
  local arch='' out="$root/artifacts/ship" rid version name
  while (($#)); do
    case $1 in
      -h | --help) publish_usage; return ;;
      --arch | --out) (($# > 1)) || die "publish: $1 needs a value" ;;&
      --arch) arch=$2; shift ;;
      --out) out=$(readlink -m "$2"); shift ;;
      *) die "publish: unknown option '$1': see ./nexus publish --help" ;;
    esac
    shift
  done
  case $arch in
    '') rid=$(runtime_id) || die "publish: say for what machine: --arch x64 or --arch arm64" ;;
    x64 | arm64) rid=linux-$arch ;;
    *) die "publish: --arch is x64 or arm64, not '$arch'" ;;
  esac
  version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' "$root/Directory.Build.props")
  name=nexus-$version-$rid

  # An artifacts folder of its own: `up` keeps a build that needs the installed runtime.
  once "publish-$rid" "publishing for $rid" src dotnet publish "$root/src/Silo" -c Release -r "$rid" --self-contained true \
    -p:ArtifactsPath="$root/artifacts/self-contained" --nologo -v quiet
  rm -rf "${out:?}/$name"
  mkdir -p "$out/$name"
  cp -r "$root/artifacts/self-contained/publish/Nexus.Silo/release_$rid" "$out/$name/lib"
  ln -s lib/nexus-server "$out/$name/nexus" # the executable finds its folder by its real path
  cp "$root"/deploy/systemd/nexus.service "$root"/deploy/docker/Dockerfile "$root"/deploy/nexus.json "$root"/LICENSE "$out/$name"
  chmod -R u=rwX,go=rX "$out/$name"
  (
    cd "$out"
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(date +%s)}" -czf "$name.tar.gz" "$name"
    sha256sum "$name.tar.gz" >"$name.tar.gz.sha256"
  )
  echo "$out/$name.tar.gz"
}
