namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// Which encodings of a track carry media. Senders switch their upper encodings off and on with their bandwidth, without
/// saying so. An encoding counts as inactive when it has been silent for <see cref="Silence"/> while another was not;
/// when all fall silent (mute, a still screen) nothing changes. Sans-IO, one per track, used by its loop only.
/// </summary>
public sealed class EncodingActivity
{
    public const int MaxEncodings = 8;

    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly Instant[] _last = new Instant[MaxEncodings];
    private Instant _newest;

    /// <summary>A bit per active encoding.</summary>
    public uint Active { get; private set; }

    /// <summary>To be called for each media packet, not for padding.</summary>
    /// <returns>True when <see cref="Active"/> changed: targets are to be selected anew.</returns>
    public bool OnPacket(int encoding, Instant now)
    {
        _last[encoding] = now;
        var before = Active;
        Active |= 1u << encoding;

        // Looking at the others once in a while is enough; a packet of one is the only clock that makes another late.
        if (now - _newest >= TimeSpan.FromMilliseconds(100))
        {
            _newest = now;
            DropSilent(now);
        }

        return Active != before;
    }

    /// <summary>It is known to carry nothing.</summary>
    public void Drop(int encoding) => Active &= ~(1u << encoding);

    public void Reset()
    {
        Active = 0;
        _newest = Instant.Zero;
    }

    private void DropSilent(Instant now)
    {
        for (var i = 0; i < MaxEncodings; i++)
        {
            if ((Active & (1u << i)) != 0 && now - _last[i] > Silence)
            {
                Active &= ~(1u << i);
            }
        }
    }
}
