namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// Extends the picture ids of one source, 7 or 15 bits wide. Whether a picture is newer is known from its timestamp, so
/// that a pause longer than half a 7-bit cycle does not turn time around.
/// </summary>
internal struct PictureIdExtender
{
    /// <summary>The newest picture's extended id.</summary>
    public long Newest { get; private set; }

    /// <summary>The picture that comes next is the source's first. Extended ids start at 2^15, so that older ones stay positive.</summary>
    public void StartBefore(ushort pictureId) => Newest = pictureId + (1L << 15) - 1;

    /// <summary>A picture without an id.</summary>
    public long SkipOne() => ++Newest;

    public long ExtendNewer(ushort pictureId, int bits)
    {
        var ahead = (pictureId - Newest) & Mask(bits);
        return Newest += ahead == 0 ? Mask(bits) + 1 : ahead;
    }

    public readonly long ExtendOlder(ushort pictureId, int bits) => Newest - ((Newest - pictureId) & Mask(bits));

    private static long Mask(int bits) => (1L << bits) - 1;
}
