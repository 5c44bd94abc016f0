namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>
/// What an offer must have before its sections are looked at: one bundle, one transport, continuity. Refused is only what cannot
/// work, and with the rule that it breaks; what breaks a rule to no effect is left out by <see cref="Trim"/>.
/// </summary>
internal static class OfferCheck
{
    /// <summary>
    /// The offer without what could only be refused: names in the BUNDLE group that are no section's (FFmpeg 8.0 names two sections
    /// where it sends one) or stand twice, and header extensions under an id that an earlier section gave another meaning, for ids
    /// are one space within the bundle (RFC 9143 section 9.1, browsers.md 2). What is not answered is not used.
    /// </summary>
    public static SessionDescription Trim(SessionDescription offer)
    {
        var uris = new Dictionary<int, string>();
        return offer with
        {
            Bundle = offer.Bundle?.Where(mid => offer.Find(mid) is not null).Distinct().ToList() is { Count: > 0 } bundle ? bundle : null,
            Media = [.. offer.Media.Select(m => m.Rejected ? m : m with
            {
                Extensions = [.. m.Extensions.Where(e => uris.TryAdd(e.Id, e.Uri) || uris[e.Id] == e.Uri)],
            })],
        };
    }

    public static SdpError? Check(SessionDescription offer, NegotiatedSession? previous) =>
        CheckMids(offer) ?? CheckBundle(offer) ?? CheckTransport(offer) ?? CheckContinuity(offer, previous);

    /// <summary>A section that is alone needs no name.</summary>
    private static SdpError? CheckMids(SessionDescription offer)
    {
        var isAlone = offer.Media.Count == 1;
        var mids = new HashSet<string>();
        foreach (var section in offer.Media)
        {
            if (section.Mid.Length == 0 && !section.Rejected && !isAlone)
            {
                return new(SdpErrorCode.Mid, section.Line, "The m-section has no a=mid: give each one its own (RFC 9429 section 5.2.1).");
            }

            if (section.Mid.Length > 0 && !mids.Add(section.Mid))
            {
                return new(SdpErrorCode.Mid, section.Line, $"Two m-sections have the mid {SdpError.Quote(section.Mid)}: give each one its own (RFC 5888 section 4).");
            }
        }

        return null;
    }

    private static SdpError? CheckBundle(SessionDescription offer)
    {
        // One section has a transport to itself, whatever the group says.
        var live = offer.Media.Where(m => !m.Rejected).ToList();
        var outside = live.Count == 1 ? null : live.Find(m => offer.Bundle?.Contains(m.Mid) != true);
        return outside is null
            ? null
            : new(SdpErrorCode.Bundle, outside.Line, $"Section {SdpError.Quote(outside.Mid)} is not in the BUNDLE group: the server has one transport for all sections, set bundlePolicy to max-bundle (RFC 9725 section 4.4.1).");
    }

    private static SdpError? CheckTransport(SessionDescription offer)
    {
        if (offer.TaggedSection is not { } tagged)
        {
            return new(SdpErrorCode.NothingToNegotiate, 0, "The offer has no m-section that is not rejected: offer audio or video (port 0 rejects, RFC 3264 section 6).");
        }

        if (offer.IceLite)
        {
            return new(SdpErrorCode.IceLite, 0, "The offer says a=ice-lite and so is the server: one end must send checks, use a full ICE agent (RFC 8445 section 2.5).");
        }

        if (tagged.Transport.IceUfrag is null || tagged.Transport.IcePwd is null)
        {
            return new(SdpErrorCode.IceCredentials, tagged.Line, $"Section {SdpError.Quote(tagged.Mid)} carries the bundle and lacks a=ice-ufrag or a=ice-pwd (RFC 8839 section 5.4).");
        }

        if (tagged.Transport.Fingerprints.Count == 0)
        {
            return new(SdpErrorCode.Fingerprint, tagged.Line, $"Section {SdpError.Quote(tagged.Mid)} carries the bundle and has no a=fingerprint with sha-256, sha-384 or sha-512 (RFC 8122 section 5).");
        }

        return null;
    }

    /// <summary>m-lines keep their order and mids for ever; only a rejected one's place may be reused (RFC 9429 section 5.2.2).</summary>
    private static SdpError? CheckContinuity(SessionDescription offer, NegotiatedSession? previous)
    {
        if (previous is null)
        {
            return null;
        }

        if (offer.Media.Count < previous.Media.Count)
        {
            return new(SdpErrorCode.SectionsChanged, 0, $"The offer has {offer.Media.Count} m-sections, the session {previous.Media.Count}: sections are made inactive, never removed (RFC 3264 section 8).");
        }

        for (int i = 0; i < previous.Media.Count; i++)
        {
            var (now, before) = (offer.Media[i], previous.Media[i]);
            if (before.Use != SectionUse.Rejected && !now.Rejected && (now.Mid != before.Mid || now.Kind != before.Kind))
            {
                return new(SdpErrorCode.SectionsChanged, now.Line, $"m-section {i} was {before.Kind} {SdpError.Quote(before.Mid)} and is {now.Kind} {SdpError.Quote(now.Mid)} now: keep order, kinds and mids (RFC 9429 section 5.2.2).");
            }
        }

        return null;
    }
}
