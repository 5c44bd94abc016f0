using System.Collections;
using System.Net;
using Nexus.Gateway;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Tests.Settings;

/// <summary>Flags, environment and configuration file; unknown names and impossible values stop the start with a message that names them.</summary>
public sealed class SettingsTests : IDisposable
{
    private const string Tenants = """
        "tenants": [{
          "name": "acme",
          "keys": [{ "key": "k1", "secret": "0123456789abcdef0123456789abcdef", "operator": true }],
          "residency": { "zone": "europe", "regions": ["eu"] },
          "quotas": { "maxRooms": 5, "maxParticipants": 50 }
        }]
        """;

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"nexus-{Guid.NewGuid():N}.json");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Without_settings_it_serves_loopback_with_the_development_key()
    {
        NexusOptions options = Read([]);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 8080), options.Http);
        Assert.Equal((7882, Roles.All), (options.MediaPort, options.Roles));
        ApiKeyOptions key = Assert.Single(Assert.Single(options.EffectiveTenants).Keys);
        Assert.Equal(("devkey", "secret", true), (key.Key, key.Secret, key.Operator));
    }

    [Fact]
    public void Flags_win_over_the_environment_and_the_environment_over_the_file()
    {
        File.WriteAllText(_file, """{ "mediaPort": 7001, "http": "127.0.0.1:7002", "region": "file" }""");
        var environment = new Hashtable { ["NEXUS_MEDIA_PORT"] = "7003", ["NEXUS_HTTP"] = "127.0.0.1:7004", ["PATH"] = "/bin" };
        NexusOptions options = Read(["--config", _file, "--media-port", "7005"], environment);
        Assert.Equal((7005, 7004, "file"), (options.MediaPort, options.Http.Port, options.Regions.Single()));
    }

    [Fact]
    public void Every_flag_is_a_key_and_a_variable_of_the_same_name()
    {
        Setting setting = SettingsTable.ByFlag("--control-listen")!;
        Assert.Equal(("controlListen", "NEXUS_CONTROL_LISTEN"), (setting.Key, setting.Variable));
        Assert.Equal(SettingsTable.All.Length, SettingsTable.All.Select(s => s.Variable).Distinct().Count());
        Assert.All(SettingsTable.All, s => Assert.Same(s, SettingsTable.ByKey(s.Key)));
        Assert.All(SettingsTable.All, s => Assert.Same(s, SettingsTable.ByVariable(s.Variable)));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("50000", 50_000)]
    [InlineData("800k", 800_000)]
    [InlineData("2.5M", 2_500_000)]
    [InlineData("1000M", 1_000_000_000)]
    public void Bitrates_are_bits_per_second_in_thousands_or_millions_too(string said, long bitrate)
    {
        Assert.Equal((0, 0), (Read([]).MaxReceiverBitrate, Read([]).MaxVideos));
        NexusOptions options = Read(["--max-receiver-bitrate", said, "--max-videos", "9"]);
        Assert.Equal((bitrate, 9), (options.MaxReceiverBitrate, options.MaxVideos));
    }

    [Fact]
    public void Tenants_come_from_the_file()
    {
        File.WriteAllText(_file, $$"""{ {{Tenants}}, /* remarks are fine */ "http": "0.0.0.0:80", }""");
        NexusOptions options = Read([$"--config={_file}"]);
        TenantOptions tenant = Assert.Single(options.EffectiveTenants);
        Assert.Equal(("acme", "europe", 5), (tenant.Name, tenant.Zone, tenant.Rules.MaxRooms));
        Assert.Equal("eu", Assert.Single(tenant.Rules.Regions));
    }

    [Fact]
    public void Media_may_have_several_addresses_names_and_STUN_servers_as_a_flag_or_a_JSON_list()
    {
        string[] said = ["10.0.0.5", "2001:db8::1", "media.example.org", "stun:stun.example.org", "stun:[2001:db8::2]:3479", "stun:192.0.2.1:19302"];
        File.WriteAllText(_file, $$"""{ {{Tenants}}, "mediaIp": ["{{string.Join("\",\"", said)}}"] }""");
        foreach (NexusOptions options in new[] { Read(["--config", _file]), Read(["--config", _file, "--media-ip", string.Join(", ", said)]) })
        {
            Assert.Equal(said, options.MediaIp.Select(a => a.Said));
            Assert.Equal(["10.0.0.5", "2001:db8::1"], options.MediaIp.Select(a => a.Ip).OfType<IPAddress>().Select(a => $"{a}"));
            Assert.Equal(
                [("media.example.org", null), ("stun.example.org", 3478), ("2001:db8::2", 3479), ("192.0.2.1", 19302)],
                options.MediaIp.Skip(2).Select(a => (a.Host, a.StunPort)));
        }
    }

    [Theory]
    [InlineData("--colour", "--colour", "red")]
    [InlineData("--media-port", "--media-port", "99999")]
    [InlineData("--media-port", "--media-port", "0x10")]
    [InlineData("--media-port", "--media-port", "-1")]
    [InlineData("--media-port", "--media-port")]
    [InlineData("--http", "--http", "8080")]
    [InlineData("--http", "--http", "nowhere:80")]
    [InlineData("--media-ip", "--media-ip", "some where")]
    [InlineData("--media-ip", "--media-ip", "10.1")]
    [InlineData("media-port", "--media-ip", "10.0.0.1:7882")]
    [InlineData("media-bind", "--media-ip", "0.0.0.0")]
    [InlineData("media-bind", "--media-ip", "127.0.0.1,::")]
    [InlineData("link", "--media-ip", "fe80::1")]
    [InlineData("unicast", "--media-ip", "224.0.0.1")]
    [InlineData("twice", "--media-ip", "127.0.0.1,127.0.0.1")]
    [InlineData("stun:HOST", "--media-ip", "stun:")]
    [InlineData("stun:HOST", "--media-ip", "stun:stun.example.org:0")]
    [InlineData("devkey", "--media-ip", "127.0.0.1,10.0.0.1")]
    [InlineData("--loops", "--loops", "0")]
    [InlineData("--loops", "--loops", "11")]
    [InlineData("--sockets-per-address", "--sockets-per-address", "1999")]
    [InlineData("--max-receiver-bitrate", "--max-receiver-bitrate", "49k")]
    [InlineData("--max-receiver-bitrate", "--max-receiver-bitrate", "1001M")]
    [InlineData("--max-receiver-bitrate", "--max-receiver-bitrate", "4 Mbit/s")]
    [InlineData("--max-receiver-bitrate", "--max-receiver-bitrate", "-4M")]
    [InlineData("--max-receiver-bitrate", "--max-receiver-bitrate", "M")]
    [InlineData("--max-receiver-bitrate", "--max-receiver-bitrate", "99999999999999999999999999999M")]
    [InlineData("--max-videos", "--max-videos", "501")]
    [InlineData("--token-leeway", "--token-leeway", "601")]
    [InlineData("--token-leeway", "--token-leeway", "-1")]
    [InlineData("--region", "--region", "a b")]
    [InlineData("--regions", "--regions", ",")]
    [InlineData("regions", "--regions", "eu,eu")]
    [InlineData("--roles", "--roles", "media,fly", "--control", "127.0.0.1:1")]
    [InlineData("control", "--roles", "media")]
    [InlineData("control", "--control", "127.0.0.1:1")]
    [InlineData("gateway, silo and media", "--roles", "control")]
    [InlineData("redis", "--roles", "gateway,media", "--control", "127.0.0.1:1")]
    [InlineData("redis", "--roles", "gateway")]
    [InlineData("control", "--roles", "gateway", "--redis", "127.0.0.1:6379", "--control", "127.0.0.1:1")]
    [InlineData("control", "--roles", "media", "--control", "127.0.0.1:1,127.0.0.1:1")]
    [InlineData("control-listen", "--roles", "gateway", "--redis", "127.0.0.1:6379", "--control-listen", "127.0.0.1:1")]
    [InlineData("silo", "--roles", "gateway", "--redis", "127.0.0.1:6379", "--client-port", "12111")]
    [InlineData("dashboard", "--roles", "silo", "--redis", "127.0.0.1:6379", "--dashboard")]
    [InlineData("advertise", "--advertise", "10.0.0.1")]
    [InlineData("advertise", "--redis", "10.0.0.9:6379", "--silo", "0.0.0.0:11111")]
    [InlineData("advertise", "--redis", "10.0.0.9:6379", "--silo", "10.0.0.1:11111", "--advertise", "127.0.0.1")]
    [InlineData("client-port", "--redis", "127.0.0.1:6379", "--client-port", "11112", "--regions", "eu,us")]
    [InlineData("client-port", "--redis", "127.0.0.1:6379", "--silo", "127.0.0.1:65000")]
    [InlineData("cluster-certificate", "--redis", "127.0.0.1:6379", "--cluster-certificate", "/c.pem", "--cluster-key", "/k.pem")]
    [InlineData("cluster-certificate", "--cluster-certificate", "/c.pem", "--cluster-key", "/k.pem", "--cluster-authority", "/a.pem")]
    [InlineData("devkey", "--roles", "gateway", "--redis", "127.0.0.1:6379", "--http", "10.0.0.1:8080")]
    [InlineData("link-secret", "--roles", "media", "--control", "127.0.0.1:1,10.0.0.1:1")]
    [InlineData("--control-listen", "--control-listen", "nowhere")]
    [InlineData("--node-id", "--node-id", "PA_1")]
    [InlineData("node-id", "--node-id", "ND_1", "--regions", "eu,us")]
    [InlineData("media-port", "--media-port", "65530", "--regions", "eu,us")]
    [InlineData("--log", "--log", "xml")]
    [InlineData("--log-level", "--log-level", "loud")]
    [InlineData("--log-level", "--log-level", "")]
    [InlineData("--data", "--data", "")]
    [InlineData("--http", "--http", "127.0.0.1:1", "--http", "127.0.0.1:2")]
    [InlineData("--region", "--regions", "eu,us", "--region", "ap")]
    [InlineData("silo", "--silo", "10.1.1.1:11111")]
    [InlineData("--log-level", "--log-level", "info,Nexus.Grains=loud")]
    [InlineData("--metrics", "--metrics", "9090")]
    [InlineData("--otlp", "--otlp", "collector:4317")]
    [InlineData("--dashboard", "--dashboard", "perhaps")]
    [InlineData("--redis", "--redis", "redis:6379,colour=red")]
    [InlineData("--cluster", "--cluster", "a b")]
    [InlineData("silo", "--redis", "10.0.0.9:6379")]
    [InlineData("silo", "--redis", "10.0.0.9:6379", "--silo", "0.0.0.0:11111")]
    [InlineData("data", "--redis", "127.0.0.1:6379", "--data", "/tmp/x")]
    [InlineData("devkey", "--http", "0.0.0.0:8080")]
    [InlineData("devkey", "--media-ip", "10.0.0.1")]
    [InlineData("devkey", "--media-bind", "0.0.0.0")]
    [InlineData("devkey", "--control-listen", "0.0.0.0:7900")]
    [InlineData("link-secret", "--roles", "media", "--control", "10.0.0.1:7900")]
    [InlineData("/nowhere", "--config", "/nowhere/nexus.json")]
    public void An_unknown_or_impossible_flag_is_refused_by_name(string named, params string[] flags) => Refused(named, flags);

    [Theory]
    [InlineData("colour", """{ "colour": "red" }""")]
    [InlineData("media-port", """{ "media-port": 7 }""")]
    [InlineData("mediaPort", """{ "mediaPort": "x" }""")]
    [InlineData("JSON object", "[]")]
    [InlineData("cannot be read", "{")]
    [InlineData("nane", """{ "tenants": [{ "nane": "acme" }] }""")]
    [InlineData("secret", """{ "tenants": [{ "name": "a", "keys": [{ "key": "k", "secret": "short" }] }] }""")]
    [InlineData("keys", """{ "tenants": [{ "name": "a", "keys": [] }] }""")]
    [InlineData("tenants", """{ "tenants": 7 }""")]
    public void An_unknown_or_impossible_key_of_the_file_is_refused_by_name(string named, string json)
    {
        File.WriteAllText(_file, json);
        Refused(named, ["--config", _file]);
    }

    [Theory]
    [InlineData("NEXUS_MEDIA_PROT", "7000")]
    [InlineData("NEXUS_MEDIA_PORT", "many")]
    public void An_unknown_or_impossible_variable_is_refused_by_name(string variable, string value) =>
        Refused(variable, [], new Hashtable { [variable] = value });

    [Fact]
    public void Variables_of_the_scripts_and_those_that_kubernetes_sets_for_a_service_named_nexus_are_not_settings() => Read([], new Hashtable
    {
        ["NEXUS_LONG"] = "1",
        ["NEXUS_SERVICE_HOST"] = "10.0.0.1",
        ["NEXUS_SERVICE_PORT_HTTP"] = "80",
        ["NEXUS_PORT"] = "tcp://10.0.0.1:80",
        ["NEXUS_PORT_80_TCP_ADDR"] = "10.0.0.1",
    });

    [Fact]
    public void Tenants_that_clash_are_refused()
    {
        const string Key = """[{ "key": "k", "secret": "0123456789abcdef0123456789abcdef" }]""";
        const string Other = """[{ "key": "k2", "secret": "0123456789abcdef0123456789abcdef" }]""";
        File.WriteAllText(_file, $$"""{ "tenants": [{ "name": "a", "keys": {{Key}} }, { "name": "b", "keys": {{Key}} }] }""");
        Refused("two keys", ["--config", _file]);
        File.WriteAllText(_file, $$"""{ "tenants": [{ "name": "a", "keys": {{Key}} }, { "name": "a", "keys": {{Other}} }] }""");
        Refused("same name", ["--config", _file]);
        File.WriteAllText(_file, $$"""{ "tenants": [{ "name": "a", "keys": {{Key}}, "residency": { "zone": "any", "regions": ["eu"] } }] }""");
        Refused("zone", ["--config", _file]);
    }

    [Theory]
    [InlineData("urls", """{ "urls": [] }""")]
    [InlineData("no http or https address", """{ "urls": ["ftp://a"] }""")]
    [InlineData("none of its keys", """{ "urls": ["https://a"], "key": "other" }""")]
    public void Webhooks_that_could_not_be_delivered_are_refused(string named, string webhooks)
    {
        File.WriteAllText(_file, $$"""{ "tenants": [{ "name": "a", "keys": [{ "key": "k", "secret": "0123456789abcdef0123456789abcdef" }], "webhooks": {{webhooks}} }] }""");
        Refused(named, ["--config", _file]);
    }

    [Fact]
    public void The_documented_file_is_taken()
    {
        string document = File.ReadAllText(Path.Combine(Root(), "docs", "configuration.md"));
        File.WriteAllText(_file, document.Split("```json")[1].Split("```")[0]);
        NexusOptions options = Read(["--config", _file]);
        Assert.Equal(("eu", 2, "acme-app"), (options.Tenants[0].Zone, options.IceServers.Length, options.Tenants[0].Webhooks!.Key));
    }

    [Fact]
    public void A_command_takes_the_file_that_the_processes_of_a_cluster_share()
    {
        string document = File.ReadAllText(Path.Combine(Root(), "docs", "deploy.md"));
        File.WriteAllText(_file, document.Split("```json")[1].Split("```")[0]);
        Assert.Equal("acme-ops", SettingsReader.ReadForCommand(["--config", _file], new Hashtable()).EffectiveTenants[0].Keys[0].Key);
        Refused("silo", ["--config", _file]); // as a process it needs an address of its own
        foreach (string command in document.Split("./nexus up --config /etc/nexus/nexus.json")[1..])
        {
            string[] flags = command.Split("\n\n")[0].Split("\n```")[0].Replace("\\\n", " ").Replace("$tls", "--cluster-certificate c --cluster-key k --cluster-authority a").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            Assert.NotEqual(Roles.All, Read(["--config", _file, .. flags]).Roles);
        }
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Nexus.Orleans.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    private static NexusOptions Read(string[] flags, Hashtable? environment = null) => SettingsReader.Read(flags, environment ?? []);

    private static void Refused(string named, string[] flags, Hashtable? environment = null)
    {
        SettingsException refused = Assert.Throws<SettingsException>(() => Read(flags, environment));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }
}
