namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>Which of the last 256 frames of a source were decided on, and how.</summary>
internal struct FrameNumberHistory
{
    /// <summary>The decision on a frame that is not forwarded.</summary>
    public const int Dropped = -1;

    /// <summary>The decision on a frame that is forwarded like all others: no layer frame of its picture is the last one by our doing.</summary>
    public const int NoLimit = 8;

    private const int Size = 256;

    // 0 what is unknown, else the decision and 2.
    private readonly byte[] _marks = new byte[Size];
    private ushort _newest;
    private bool _started;

    public FrameNumberHistory()
    {
    }

    public void Clear()
    {
        Array.Clear(_marks);
        _started = false;
    }

    /// <summary>Whether a frame was decided on before. Frames that fell out of memory were not.</summary>
    /// <param name="limit"><see cref="Dropped"/>, or the highest spatial layer that is forwarded of the frame's picture.</param>
    public readonly bool TryGet(ushort frameNumber, out int limit)
    {
        var mark = IsInside(frameNumber) ? _marks[frameNumber % Size] : 0;
        limit = mark - 2;
        return mark != 0;
    }

    public void Set(ushort frameNumber, int limit)
    {
        var ahead = _started ? (short)(frameNumber - _newest) : (short)1;
        if (ahead > 0)
        {
            for (var i = 0; i < Math.Min((int)ahead, Size); i++)
            {
                _marks[(ushort)(frameNumber - i) % Size] = 0;
            }

            _newest = frameNumber;
            _started = true;
        }
        else if (-ahead >= Size)
        {
            return;
        }

        _marks[frameNumber % Size] = (byte)(limit + 2);
    }

    private readonly bool IsInside(ushort frameNumber) => _started && (ushort)(_newest - frameNumber) < Size;
}
