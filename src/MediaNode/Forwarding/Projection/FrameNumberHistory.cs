namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>Which of the last 256 frames of a source were decided on, and which of these were forwarded.</summary>
internal struct FrameNumberHistory
{
    private const int Size = 256;
    private readonly byte[] _marks = new byte[Size];
    private ushort _newest;
    private bool _started;

    private enum Mark : byte
    {
        Unknown,
        Dropped,
        Forwarded,
    }

    public FrameNumberHistory()
    {
    }

    public void Clear()
    {
        Array.Clear(_marks);
        _started = false;
    }

    /// <summary>Whether a frame was decided on before. Frames that fell out of memory were not.</summary>
    public readonly bool TryGet(ushort frameNumber, out bool forwarded)
    {
        var mark = IsInside(frameNumber) ? (Mark)_marks[frameNumber % Size] : Mark.Unknown;
        forwarded = mark == Mark.Forwarded;
        return mark != Mark.Unknown;
    }

    public void Set(ushort frameNumber, bool forwarded)
    {
        var ahead = _started ? (short)(frameNumber - _newest) : (short)1;
        if (ahead > 0)
        {
            for (var i = 0; i < Math.Min((int)ahead, Size); i++)
            {
                _marks[(ushort)(frameNumber - i) % Size] = (byte)Mark.Unknown;
            }

            _newest = frameNumber;
            _started = true;
        }
        else if (-ahead >= Size)
        {
            return;
        }

        _marks[frameNumber % Size] = (byte)(forwarded ? Mark.Forwarded : Mark.Dropped);
    }

    private readonly bool IsInside(ushort frameNumber) => _started && (ushort)(_newest - frameNumber) < Size;
}
