using System.Globalization;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>The profiles that RFC 6184 section 8.1, table 5, tells apart.</summary>
public enum H264Profile : byte
{
    ConstrainedBaseline,
    Baseline,
    Main,
    ConstrainedHigh,
    High,
    PredictiveHigh444,
}

/// <summary>
/// The three octets of <c>profile-level-id</c>: profile_idc, the constraint flags (profile-iop), level_idc. Several
/// octet pairs mean one profile, so profiles are compared, never octets (RFC 6184 section 8.1).
/// </summary>
public readonly record struct H264ProfileLevelId(H264Profile Profile, byte LevelIdc)
{
    /// <summary>What a missing parameter stands for: Baseline, level 1 (RFC 6184 section 8.1).</summary>
    public const string Default = "42000a";

    /// <summary>profile_idc, the pattern of profile-iop (x = any), and what they mean.</summary>
    private static readonly (byte Idc, string Iop, H264Profile Profile)[] Table =
    [
        (0x42, "x1xx0000", H264Profile.ConstrainedBaseline),
        (0x4D, "1xxx0000", H264Profile.ConstrainedBaseline),
        (0x58, "11xx0000", H264Profile.ConstrainedBaseline),
        (0x42, "x0xx0000", H264Profile.Baseline),
        (0x58, "10xx0000", H264Profile.Baseline),
        (0x4D, "0x0x0000", H264Profile.Main),
        (0x64, "00000000", H264Profile.High),
        (0x64, "00001100", H264Profile.ConstrainedHigh),
        (0xF4, "00000000", H264Profile.PredictiveHigh444),
    ];

    public static bool TryParse(string? text, out H264ProfileLevelId result)
    {
        result = default;
        text ??= Default;
        if (text.Length != 6 || !uint.TryParse(text, NumberStyles.AllowHexSpecifier, null, out uint octets))
        {
            return false;
        }

        (byte idc, byte iop) = ((byte)(octets >> 16), (byte)(octets >> 8));
        foreach (var (rowIdc, pattern, profile) in Table)
        {
            if (rowIdc == idc && Matches(iop, pattern))
            {
                result = new(profile, (byte)octets);
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a decoder of this profile decodes streams of the other. What browsers send as Baseline uses none of the
    /// tools (FMO, ASO, redundant slices) that set it apart from Constrained Baseline, so it counts as that.
    /// </summary>
    public bool Decodes(H264ProfileLevelId stream) => Profile == stream.Profile || stream.Profile switch
    {
        H264Profile.ConstrainedBaseline or H264Profile.Baseline => true,
        H264Profile.Main or H264Profile.ConstrainedHigh => Profile is H264Profile.High or H264Profile.PredictiveHigh444,
        H264Profile.High => Profile is H264Profile.PredictiveHigh444,
        _ => false,
    };

    private static bool Matches(byte iop, string pattern)
    {
        for (int bit = 0; bit < 8; bit++)
        {
            if (pattern[bit] != 'x' && pattern[bit] - '0' != ((iop >> (7 - bit)) & 1))
            {
                return false;
            }
        }

        return true;
    }
}
