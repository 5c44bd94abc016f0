using Nexus.MediaNode.Protocol.Codecs;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Receiving;

/// <summary>
/// All that was found out about a received RTP packet, once, when it came: kept beside the packet in the loop's packet memory
/// for its subscribers and for repeats. Offsets count from <see cref="Offset"/>.
/// </summary>
public struct RtpPacketInfo
{
    /// <summary>Where the RTP packet starts in its slot: a packet restored from RTX starts two octets in.</summary>
    public ushort Offset;

    /// <summary>Octets of the decrypted RTP packet.</summary>
    public ushort Length;

    /// <summary>Index of the track's encoding.</summary>
    public byte Encoding;

    public RtpHeader Header;
    public HeaderExtensionIndex Extensions;
    public FrameInfo Frame;

    /// <summary>Extended sequence number of the publisher's stream: SRTP's index, from <see cref="SequenceExtender.FirstCycle"/> on.</summary>
    public long Sequence;

    /// <summary>Extended timestamp of the publisher's stream.</summary>
    public long Timestamp;

    public Instant Arrival;

    /// <summary>It has the timestamp of a video keyframe.</summary>
    public bool IsOfKeyPicture;
}
