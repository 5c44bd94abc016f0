namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>What an offer must have before its sections are looked at: one bundle, one transport, continuity.</summary>
internal static class OfferCheck
{
    public static SdpError? Check(SessionDescription offer, NegotiatedSession? previous) =>
        CheckMids(offer) ?? CheckBundle(offer) ?? CheckTransport(offer) ?? CheckExtensions(offer) ?? CheckContinuity(offer, previous);

    private static SdpError? CheckMids(SessionDescription offer)
    {
        var mids = new HashSet<string>();
        foreach (var section in offer.Media)
        {
            if (section.Mid.Length == 0 && !section.Rejected)
            {
                return new(SdpErrorCode.Mid, section.Line, "The m-section has no a=mid: give each one its own (RFC 9429 section 5.2.1).");
            }

            if (section.Mid.Length > 0 && !mids.Add(section.Mid))
            {
                return new(SdpErrorCode.Mid, section.Line, $"Two m-sections have the mid {SdpError.Quote(section.Mid)}: give each one its own.");
            }
        }

        return null;
    }

    private static SdpError? CheckBundle(SessionDescription offer)
    {
        var unknown = offer.Bundle?.FirstOrDefault(mid => offer.Find(mid) is null);
        if (unknown is not null)
        {
            return new(SdpErrorCode.Bundle, 0, $"a=group:BUNDLE names {SdpError.Quote(unknown)}, which is no section's mid (RFC 9143 section 7.2).");
        }

        var live = offer.Media.Where(m => !m.Rejected).ToList();
        var outside = live.Find(m => offer.Bundle is null ? live.Count > 1 : !offer.Bundle.Contains(m.Mid));
        return outside is null
            ? null
            : new(SdpErrorCode.Bundle, outside.Line, $"Section {SdpError.Quote(outside.Mid)} is not in the BUNDLE group: the server has one transport for all sections, set bundlePolicy to max-bundle.");
    }

    private static SdpError? CheckTransport(SessionDescription offer)
    {
        if (offer.TaggedSection is not { } tagged)
        {
            return new(SdpErrorCode.NothingToNegotiate, 0, "The offer has no m-section that is not rejected: offer audio or video.");
        }

        if (offer.IceLite)
        {
            return new(SdpErrorCode.IceLite, 0, "The offer says a=ice-lite and so is the server: one end must send checks, use a full ICE agent (RFC 8445 section 2.5).");
        }

        if (tagged.Transport.IceUfrag is null || tagged.Transport.IcePwd is null)
        {
            return new(SdpErrorCode.IceCredentials, tagged.Line, $"Section {SdpError.Quote(tagged.Mid)} carries the bundle and lacks a=ice-ufrag or a=ice-pwd (RFC 8839).");
        }

        if (tagged.Transport.Fingerprints.Count == 0)
        {
            return new(SdpErrorCode.Fingerprint, tagged.Line, $"Section {SdpError.Quote(tagged.Mid)} carries the bundle and has no a=fingerprint with sha-256, sha-384 or sha-512 (RFC 8122).");
        }

        return null;
    }

    /// <summary>Ids are one space for the whole bundle (RFC 9143 section 9.1, browsers.md 2).</summary>
    private static SdpError? CheckExtensions(SessionDescription offer)
    {
        var uris = new Dictionary<int, string>();
        foreach (var section in offer.Media.Where(m => !m.Rejected))
        {
            foreach (var extension in section.Extensions)
            {
                if (!uris.TryAdd(extension.Id, extension.Uri) && uris[extension.Id] != extension.Uri)
                {
                    return new(SdpErrorCode.HeaderExtension, section.Line, $"Header extension id {extension.Id} stands for {SdpError.Quote(uris[extension.Id])} and {SdpError.Quote(extension.Uri)}: ids are one space for the bundle.");
                }
            }
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
