using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Stun;
using Nexus.Silo.Hosting;
using Nexus.Silo.Settings;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>What <c>media-ip</c> becomes at the start: addresses to tell, one to bind to, or a refusal that says what to mend.</summary>
public sealed class MediaAddressesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1", "::1")]
    [InlineData("127.0.0.2,127.0.0.1", "127.0.0.2,127.0.0.1", "0.0.0.0")]
    [InlineData("127.0.0.1,::1", "127.0.0.1,::1", "::")]
    public async Task One_address_is_bound_to_several_need_them_all(string said, string told, string bind)
    {
        MediaAddresses found = await MediaAddresses.FindAsync(Options("--media-ip", said), Cancellation);
        Assert.Equal((told, bind), (string.Join(',', found.Told), $"{found.Bind}"));
    }

    [Fact]
    public async Task A_host_name_is_resolved()
    {
        MediaAddresses found = await MediaAddresses.FindAsync(Options("--media-ip", "localhost"), Cancellation);
        Assert.Contains(IPAddress.Loopback, found.Told);
        Assert.All(found.Told, a => Assert.True(IPAddress.IsLoopback(a)));
    }

    [Fact]
    public async Task A_STUN_server_is_asked_again_until_it_answers_and_only_an_answer_to_the_question_counts()
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        Task serving = AnswerAsync(server, IPAddress.Parse("127.0.0.9"), deaf: 1);
        MediaAddresses found = await MediaAddresses.FindAsync(
            Options("--media-ip", $"127.0.0.1,stun:127.0.0.1:{((IPEndPoint)server.Client.LocalEndPoint!).Port}"), Cancellation);
        Assert.Equal("127.0.0.1,127.0.0.9", string.Join(',', found.Told));
        Assert.Equal(IPAddress.Any, found.Bind);
        await serving;
    }

    [Fact]
    public async Task An_address_that_was_found_out_may_not_open_the_development_key_to_others()
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        Task serving = AnswerAsync(server, IPAddress.Parse("203.0.113.7"), deaf: 0);
        await Refused("devkey", "--media-ip", $"stun:127.0.0.1:{((IPEndPoint)server.Client.LocalEndPoint!).Port}");
        await serving;
    }

    [Fact]
    public Task A_name_that_does_not_resolve_is_named() => Refused("nowhere.invalid does not resolve", "--media-ip", "127.0.0.1,nowhere.invalid");

    [Fact]
    public async Task A_STUN_server_that_does_not_answer_is_named()
    {
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        string said = $"stun:127.0.0.1:{((IPEndPoint)silent.Client.LocalEndPoint!).Port}";
        await Refused($"{said} gives no answer", "--media-ip", said);
    }

    [Fact]
    public Task An_address_that_the_sockets_are_not_reached_at_is_named() =>
        Refused("media-bind: sockets at 127.0.0.1 are not reached at ::1", "--media-ip", "127.0.0.1,::1", "--media-bind", "127.0.0.1");

    [Fact]
    public async Task A_server_that_cannot_find_its_address_does_not_start()
    {
        await using TestHost host = TestHost.Make("--media-ip", "nowhere.invalid");
        var refusal = await Assert.ThrowsAsync<SettingsException>(host.RunAsync);
        Assert.Contains("nowhere.invalid", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Answers one question by the address, and by a lie to another question before it. The first so many it does not hear.</summary>
    private static async Task AnswerAsync(UdpClient server, IPAddress address, int deaf)
    {
        for (int i = 0; i < deaf; i++)
        {
            await server.ReceiveAsync(Cancellation);
        }

        UdpReceiveResult question = await server.ReceiveAsync(Cancellation);
        byte[] transaction = question.Buffer[8..20];
        await server.SendAsync(Answer(new byte[12], IPAddress.Parse("192.0.2.66")), question.RemoteEndPoint, Cancellation);
        await server.SendAsync(Answer(transaction, address), question.RemoteEndPoint, Cancellation);
    }

    private static byte[] Answer(byte[] transaction, IPAddress address)
    {
        var writer = new StunWriter(stackalloc byte[StunWriter.MaxResponseLength], StunClass.SuccessResponse, transaction);
        writer.AddXorMappedAddress(TransportTuple.From(new IPEndPoint(address, 40_000)));
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    private static async Task Refused(string named, params string[] flags)
    {
        var refusal = await Assert.ThrowsAsync<SettingsException>(() => MediaAddresses.FindAsync(Options(flags), Cancellation));
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    private static NexusOptions Options(params string[] flags) => SettingsReader.Read(flags, new Dictionary<string, string>());
}
