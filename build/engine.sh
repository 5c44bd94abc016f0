# Which engine hosts the grains: asked once, remembered in .nexus/engine.

# choose_engine [WISH]: sets $engine and $engine_reason.
choose_engine() {
  local remembered="$root/.nexus/engine"
  engine=$1 engine_reason='as asked by --engine'
  if [[ -z $engine ]]; then
    mkdir -p "$root/.nexus"
    [[ -s $remembered ]] || probe_engine >"$remembered"
    { read -r engine; read -r engine_reason; } <"$remembered"
  fi
  [[ $engine == orleans || $engine == embedded ]] || die "unknown engine '$engine': orleans or embedded"
}

# Tries to restore Orleans' packages in a project of its own, away from the repository's props.
probe_engine() {
  echo "nexus: looking for the Orleans packages (asked once) …" >&2
  local probe="$root/.nexus/probe" version
  version=$(sed -n 's/.*<OrleansVersion[^>]*>\([^<]*\)<.*/\1/p' "$root/Directory.Packages.props")
  rm -rf "$probe"; mkdir -p "$probe"
  for props in Directory.Build.props Directory.Build.targets Directory.Packages.props; do
    echo '<Project />' >"$probe/$props"
  done
  cat >"$probe/probe.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Microsoft.Orleans.Server" Version="${version:-10.*}" />
    <PackageReference Include="Microsoft.Orleans.Clustering.Redis" Version="${version:-10.*}" />
    <PackageReference Include="Microsoft.Orleans.Persistence.Redis" Version="${version:-10.*}" />
  </ItemGroup>
</Project>
XML
  if dotnet restore "$probe/probe.csproj" >"$probe/restore.log" 2>&1; then
    printf '%s\n' orleans 'the Orleans packages restore here'
  else
    printf '%s\n' embedded 'the Orleans packages do not restore here'
  fi
}
