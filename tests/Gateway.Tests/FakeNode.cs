using System.Collections.Concurrent;
using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Gateway.Tests;

/// <summary>A media node without media: it answers offers as a real one does, and forwards nothing.</summary>
internal sealed class FakeNode : INodePort
{
    private static readonly LocalTransport Transport = new(
        "node", "0123456789abcdefghijklmn", [new("sha-256", new byte[32])], [IceCandidate.UdpHost("127.0.0.1", 7882)]);

    private readonly ConcurrentDictionary<string, (SessionDesired Desired, NegotiatedSession Session)> _sessions = new();

    /// <summary>When set, the next commands are refused with it.</summary>
    public LinkError? Refuse { get; set; }

    public IEnumerable<SessionDesired> Sessions => _sessions.Values.Select(s => s.Desired);

    public Task<SessionClaim> Claim(string session) => Task.FromResult(new SessionClaim(1, null, null));

    public Task<SessionApplied> Apply(string session, long epoch, long seq, bool mustExist, SessionDesired desired)
    {
        var applied = new SessionApplied { Status = ApplyStatus.Applied, Epoch = epoch, Seq = seq };
        if (Refuse is { } refusal)
        {
            return Task.FromResult(applied with { Status = ApplyStatus.Refused, Error = refusal });
        }

        if (!SessionDescription.TryParse(desired.Offer!.Sdp, out var offer, out var error)
            || !OfferAnswer.TryAnswer(offer, Policy(offer, desired), null, out var answer, out error))
        {
            return Task.FromResult(applied with { Status = ApplyStatus.Refused, Error = new(error!.Reason, error.Message) });
        }

        _sessions[session] = (desired, answer.Session);
        return Task.FromResult(applied with
        {
            Answer = new(desired.Offer.Id, answer.Sdp),
            IceRestart = desired.IceRestart is { } restart ? new(restart.Generation, Fragment(restart.Generation)) : null,
            Tracks = Tracks(session, desired, answer.Session),
        });
    }

    public Task<SessionApplied> Close(string session, long epoch, long seq, string reason)
    {
        _sessions.TryRemove(session, out _);
        return Task.FromResult(new SessionApplied { Status = ApplyStatus.Closed, Epoch = epoch, Seq = seq });
    }

    public Task<NodeInspection> Inspect() => Task.FromResult(new NodeInspection
    {
        NodeId = "ND_fake",
        BootId = "boot",
        Drops = ImmutableDictionary<string, long>.Empty.Add("StunMalformed", 7),
        Counters = ImmutableDictionary<string, long>.Empty.Add("packets_received", 11),
    });

    private static string Fragment(int generation) =>
        new SdpFragment
        {
            IceLite = true,
            Transport = new() { IceUfrag = $"new{generation}", IcePwd = "9123456789abcdefghijklmn", Candidates = Transport.Candidates, EndOfCandidates = true },
        }.ToString();

    private AnswerPolicy Policy(SessionDescription offer, SessionDesired desired)
    {
        var role = desired.Leg == SessionLeg.Publish ? SessionRole.Publish : SessionRole.Play;
        return new()
        {
            Role = role,
            Transport = Transport,
            Bindings = OfferAnswer.PlaySections(offer, role).ToDictionary(m => m.Mid, m => new PlayBinding
            {
                Msid = new("PA_x", "TR_x"),
                Cname = "PA_x",
                Ssrc = 1,
                RtxSsrc = 2,
                Track = Published(desired.RoomKey, m.Kind),
            }),
        };
    }

    private RtpCodec? Published(string room, MediaKind kind) =>
        _sessions.Values.Where(s => s.Desired.RoomKey == room).SelectMany(s => s.Session.Media)
            .FirstOrDefault(m => m.Use == SectionUse.Publish && m.Kind == kind)?.Codecs[0];

    private static ImmutableArray<TrackDescription> Tracks(string session, SessionDesired desired, NegotiatedSession negotiated) =>
    [
        .. negotiated.Media.Where(m => m.Use == SectionUse.Publish).Select(m => new TrackDescription
        {
            Sid = $"TR_{session[3..9]}{m.Mid}",
            Mid = m.Mid,
            Kind = m.Kind.ToString().ToLowerInvariant(),
            Source = m.Kind == MediaKind.Audio ? "microphone" : "camera",
            Codec = m.Codecs[0].Name,
            Muted = desired.MutedTracks.Contains($"TR_{session[3..9]}{m.Mid}"),
            Layers = [new("", 640, 360, 500_000, true)],
        }),
    ];
}
