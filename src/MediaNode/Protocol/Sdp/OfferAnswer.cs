using System.Diagnostics.CodeAnalysis;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>
/// Answers offers (RFC 3264, RFC 9429 section 5.3). Pure: the same offer, policy and previous state give the same answer.
/// Sections are answered in order by <see cref="SectionAnswer"/>; here is what concerns the session as a whole.
/// </summary>
public static class OfferAnswer
{
    /// <param name="offer">The remote offer.</param>
    /// <param name="policy">Role, grants, our transport, our senders.</param>
    /// <param name="previous">The outcome of the session's last offer; null for the first.</param>
    /// <param name="answer">The answer, or null.</param>
    /// <param name="error">Why there is none, or null.</param>
    public static bool TryAnswer(
        SessionDescription offer,
        AnswerPolicy policy,
        NegotiatedSession? previous,
        [NotNullWhen(true)] out Answer? answer,
        [NotNullWhen(false)] out SdpError? error)
    {
        answer = null;
        offer = OfferCheck.Trim(offer);
        error = OfferCheck.Check(offer, previous);
        if (error is not null)
        {
            return false;
        }

        var tagged = offer.TaggedSection!;
        error = ChooseSetup(tagged, previous, out var setup);
        if (error is not null)
        {
            return false;
        }

        var sections = new List<SectionAnswer>(offer.Media.Count);
        for (int i = 0; i < offer.Media.Count; i++)
        {
            var before = previous is not null && i < previous.Media.Count ? previous.Media[i] : null;
            var section = new SectionAnswer(offer.Media[i], policy, before, isTagged: offer.Media[i] == tagged);
            error = section.Decide();
            if (error is not null)
            {
                return false;
            }

            sections.Add(section);
        }

        error = previous is null ? NothingToNegotiate(policy.Role, sections) : null;
        if (error is null)
        {
            answer = Compose(offer, tagged, setup, policy, previous, sections);
        }

        return error is null;
    }

    /// <summary>
    /// The sections of an offer that will play, so that the caller can make a <see cref="PlayBinding"/> for each.
    /// </summary>
    public static IEnumerable<MediaSection> PlaySections(SessionDescription offer, SessionRole role) =>
        offer.Media.Where(m => !m.Rejected && m.IsRtp && m.Kind is MediaKind.Audio or MediaKind.Video
            && SectionAnswer.UseOf(m.Direction, role) == SectionUse.Play);

    /// <summary>
    /// Passive wherever the offerer lets us, active only when it waits itself; never another role than before
    /// (RFC 8842 section 5.3, browsers.md 19).
    /// </summary>
    private static SdpError? ChooseSetup(MediaSection tagged, NegotiatedSession? previous, out DtlsSetup local)
    {
        local = tagged.Transport.Setup == DtlsSetup.Passive ? DtlsSetup.Active : DtlsSetup.Passive;
        if (previous is null || local == previous.LocalSetup)
        {
            return null;
        }

        local = previous.LocalSetup;
        return tagged.Transport.Setup is DtlsSetup.ActPass
            ? null
            : new(SdpErrorCode.Setup, tagged.Line, "The offer turns the DTLS roles of a running session round: offer a=setup:actpass, or the role that was agreed (RFC 8842 section 5.3).");
    }

    private static SdpError? NothingToNegotiate(SessionRole role, List<SectionAnswer> sections)
    {
        if (sections.Exists(s => s.Outcome is { Use: SectionUse.Publish or SectionUse.Play or SectionUse.Data } or { Refusal: SectionRefusal.NoBinding }))
        {
            return null;
        }

        var code = sections.Exists(s => s.Outcome.Refusal == SectionRefusal.NotPermitted)
            ? SdpErrorCode.Permission
            : SdpErrorCode.NothingToNegotiate;
        string wanted = role switch
        {
            SessionRole.Publish => "offer an audio or video section that sends",
            SessionRole.Play => "offer an audio or video section that receives",
            _ => "offer an audio or video section that sends or receives",
        };
        string reasons = string.Join(", ", sections.Take(8).Select(s => $"{SdpError.Quote(s.Outcome.Mid)}: {s.Outcome.Refusal}"));
        return new(code, 0, $"No section of the offer can be used ({reasons}): {wanted} and that the token permits (RFC 3264 section 6.1).");
    }

    private static Answer Compose(
        SessionDescription offer,
        MediaSection tagged,
        DtlsSetup setup,
        AnswerPolicy policy,
        NegotiatedSession? previous,
        List<SectionAnswer> sections)
    {
        var transport = new TransportDescription
        {
            IceUfrag = policy.Transport.IceUfrag,
            IcePwd = policy.Transport.IcePwd,
            Setup = setup,
        };
        var taggedTransport = transport with { Candidates = policy.Transport.Candidates, EndOfCandidates = true };
        var media = sections.ConvertAll(s => s.Write(s.Offered == tagged ? taggedTransport : transport));
        ulong version = (previous?.Version ?? 0) + 1;
        var description = new SessionDescription
        {
            SessionId = policy.SessionId,
            Version = version,
            IceLite = true,
            Bundle = offer.Bundle?.Where(mid => media.Exists(m => m.Mid == mid && !m.Rejected)).ToList() is { Count: > 0 } bundle ? bundle : null,
            ExtmapAllowMixed = offer.ExtmapAllowMixed,
            Transport = new() { IceOptions = ["trickle"], Fingerprints = policy.Transport.Fingerprints },
            Media = media,
        };
        return new(description.ToString(), new()
        {
            Remote = tagged.Transport,
            LocalSetup = setup,
            Media = sections.ConvertAll(s => s.Outcome),
            ExtmapAllowMixed = tagged.ExtmapAllowMixed,
            Version = version,
        });
    }
}
