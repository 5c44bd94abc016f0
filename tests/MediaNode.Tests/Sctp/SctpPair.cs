using System.Text;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Sctp;

/// <summary>One end: its channels, its port, and what it was told.</summary>
internal sealed class SctpPeer(DtlsRole role, SctpOptions options, EmulatedUdpPort port)
{
    private readonly byte[] _buffer = new byte[2048];

    public DataChannels Channels { get; private set; } = new(role, options);

    public SctpAssociation Association => Channels.Association;

    public EmulatedUdpPort Port => port;

    /// <summary>Every message received, by channel.</summary>
    public Dictionary<ushort, List<byte[]>> Received { get; } = [];

    public List<DataChannelEventKind> Events { get; } = [];

    public List<DataChannel> Opened { get; } = [];

    public List<DataChannel> Closed { get; } = [];

    public Dictionary<DropReason, int> Drops { get; } = [];

    /// <summary>False: what arrived stays with the machine, as when its user is busy.</summary>
    public bool Polls { get; set; } = true;

    /// <summary>Takes all packets that have arrived before it sends.</summary>
    public bool TakesBatches { get; set; }

    public Action<DataChannelEvent>? OnEvent { get; set; }

    public long OctetsReceived { get; private set; }

    public IEnumerable<string> Texts(ushort channel) => Received.GetValueOrDefault(channel, []).Select(Encoding.UTF8.GetString);

    /// <summary>Loses all memory, as a reloaded page does.</summary>
    public void BeginAnew() => Channels = new DataChannels(role, options);

    public void Step(Instant now, EmulatedUdpPort to)
    {
        if (now >= Association.NextTimeout)
        {
            Association.HandleTimeout(now);
        }

        while (port.TryTake(out _, out var packet))
        {
            Take(now, packet);
            if (!TakesBatches)
            {
                Flush(now, to);
            }
        }

        Poll(now);
        Flush(now, to);
    }

    public void Flush(Instant now, EmulatedUdpPort to)
    {
        while (Association.TryGetOutput(now, _buffer, out var length))
        {
            Assert.InRange(length, 16, options.Mtu);
            port.Send(to.Address, _buffer.AsSpan(0, length));
            Poll(now);
        }
    }

    public void Take(Instant now, ReadOnlySpan<byte> packet)
    {
        var reason = Association.Handle(now, packet);
        Drops[reason] = Drops.GetValueOrDefault(reason) + 1;
        Poll(now);
    }

    private void Poll(Instant now)
    {
        while (Polls && Channels.TryPoll(now, out var happened))
        {
            Events.Add(happened.Kind);
            switch (happened.Kind)
            {
                case DataChannelEventKind.Message:
                    OctetsReceived += happened.Data.Length;
                    if (!Received.TryGetValue(happened.Channel!.Id, out var list))
                    {
                        Received.Add(happened.Channel.Id, list = []);
                    }

                    list.Add(happened.Data.ToArray());
                    break;
                case DataChannelEventKind.Opened:
                    Opened.Add(happened.Channel!);
                    break;
                case DataChannelEventKind.Closed:
                    Closed.Add(happened.Channel!);
                    break;
                default:
                    break;
            }

            OnEvent?.Invoke(happened);
        }
    }
}

/// <summary>Two ends across an emulated network, on virtual time.</summary>
internal sealed class SctpPair
{
    private readonly VirtualClock _clock = new();

    public SctpPair(LinkConditions? conditions = null, int seed = 1, SctpOptions? options = null, SctpOptions? serverOptions = null)
    {
        Network = new NetworkEmulator(_clock, seed) { Default = conditions ?? new() { Delay = TimeSpan.FromMilliseconds(20) } };
        Client = new SctpPeer(DtlsRole.Client, options ?? SctpOptions.Default, Network.Open("10.0.0.1:1000"));
        Server = new SctpPeer(DtlsRole.Server, serverOptions ?? options ?? SctpOptions.Default, Network.Open("10.0.0.2:2000"));
    }

    public NetworkEmulator Network { get; }

    public SctpPeer Client { get; }

    public SctpPeer Server { get; }

    public Instant Now => _clock.Now;

    /// <summary>Connected from both ends, as browsers do.</summary>
    public static SctpPair Connected(LinkConditions? conditions = null, int seed = 1, SctpOptions? options = null, SctpOptions? serverOptions = null)
    {
        var pair = new SctpPair(conditions, seed, options, serverOptions);
        pair.Client.Association.Connect(pair.Now);
        pair.Server.Association.Connect(pair.Now);
        pair.RunUntil(() => pair.Client.Association.State == SctpState.Established && pair.Server.Association.State == SctpState.Established);
        return pair;
    }

    /// <summary>Opens a channel at the client and waits until both ends have it.</summary>
    public DataChannel Open(string label = "test", DataChannelOptions? options = null)
    {
        var channel = Client.Channels.Open(Now, label, options);
        Assert.NotNull(channel);
        RunUntil(() => channel.State == DataChannelState.Open && Server.Channels.Find(channel.Id) is not null);
        return channel;
    }

    public SctpSendStatus SendText(DataChannel channel, string text) =>
        Client.Channels.TrySend(Now, channel.Id, Encoding.UTF8.GetBytes(text), isText: true);

    /// <summary>Lets time pass from event to event until the condition holds; fails the test after an hour of it.</summary>
    public void RunUntil(Func<bool> condition, Action? eachStep = null)
    {
        var limit = Now + TimeSpan.FromHours(1);
        while (!condition())
        {
            eachStep?.Invoke();
            Assert.True(Now < limit && TryAdvance(limit), $"stuck at {Now}: client {Client.Association.State}/{Client.Association.End}, server {Server.Association.State}/{Server.Association.End}");
        }
    }

    public void RunFor(TimeSpan time)
    {
        var end = Now + time;
        while (Now < end)
        {
            TryAdvance(end);
        }

        Step();
    }

    /// <summary>Moves to the next moment at which anything happens, the given one at the latest.</summary>
    private bool TryAdvance(Instant latest)
    {
        Step();
        var next = Instant.Min(Network.NextDelivery, Instant.Min(Client.Association.NextTimeout, Server.Association.NextTimeout));
        if (next != Instant.Never || latest != Instant.Never)
        {
            next = Instant.Min(next, latest);
            _clock.AdvanceTo(next > Now ? next : Now + TimeSpan.FromMicroseconds(1));
        }

        return next != Instant.Never;
    }

    private void Step()
    {
        Network.Deliver();
        Client.Step(Now, Server.Port);
        Server.Step(Now, Client.Port);
    }
}
