using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Allocation;

/// <summary>
/// Bitrate of each spatial and temporal layer of one encoding, over windows of half a second, smoothed: it follows a rise within a
/// second or two and forgets slowly, because what a layer just needed it may need again. A key picture is no rise: it counts over the
/// seconds that follow it, or a shared screen of text would be judged by its key pictures. Sans-IO, of one thread; allocates nothing
/// once it is there.
/// </summary>
public sealed class LayerRates
{
    private const int Spatials = 4;
    private const int Temporals = 4;
    private const float Rise = 0.5f;
    private const float Fall = 0.2f;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(500);

    // Seconds.
    private const double Youngest = 0.25;
    private const float KeyPictureLasts = 4;

    private Cells<int> _octets;
    private Cells<float> _ofKeyPictures; // octets that do not count yet
    private Cells<float> _rates;
    private Instant _since;
    private float _age;
    private bool _started;
    private bool _measured;

    /// <summary>All that was measured: whoever measures the same on another loop goes on from it.</summary>
    public State Known
    {
        get => new()
        {
            Octets = _octets, OfKeyPictures = _ofKeyPictures, Rates = _rates, Since = _since, IsStarted = _started, IsMeasured = _measured, IsKeyMode = IsKeyMode,
        };
        set
        {
            (_octets, _ofKeyPictures, _rates) = (value.Octets, value.OfKeyPictures, value.Rates);
            (_since, _started, _measured, IsKeyMode) = (value.Since, value.IsStarted, value.IsMeasured, value.IsKeyMode);
        }
    }

    /// <summary>Upper spatial layers use lower ones in key pictures only (the modes LxTy_KEY): lower ones are not sent with them.</summary>
    public bool IsKeyMode { get; set; }

    /// <summary>Counts one received packet.</summary>
    /// <param name="isOfKeyPicture">Of whatever layer.</param>
    /// <param name="octets">Of the datagram, with all its headers: as the estimate of the path counts them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Observe(Instant now, in FrameInfo frame, bool isOfKeyPicture, int octets)
    {
        if (!_started)
        {
            (_started, _since) = (true, now);
        }

        if (now - _since >= Window)
        {
            Roll(now);
        }

        if (frame.Codec == CodecKind.Vp9 && frame.SpatialId > 0 && frame.InterPicturePredicted)
        {
            IsKeyMode = !frame.InterLayerPredicted;
        }
        else if (frame.Codec == CodecKind.Av1 && frame.HasDescriptor && frame.Descriptor.HasAttachedStructure)
        {
            IsKeyMode = frame.Descriptor.Structure!.IsKeyMode;
        }

        var cell = Cell(Math.Min((int)frame.SpatialId, Spatials - 1), Math.Min((int)frame.TemporalId, Temporals - 1));
        if (isOfKeyPicture)
        {
            _ofKeyPictures[cell] += octets;
        }
        else
        {
            _octets[cell] += octets;
        }
    }

    /// <summary>What a receiver gets that is given layers up to these; bits per second. 0 when nothing came.</summary>
    public long BitsPerSecond(Instant now, int spatial, int temporal)
    {
        if (_started && now - _since >= Window)
        {
            Roll(now);
        }

        _age = (float)Math.Max((now - _since).TotalSeconds, Youngest);
        var highest = Math.Min(spatial, Spatials - 1);
        while (IsKeyMode && highest > 0 && !Flows(highest))
        {
            highest--;
        }

        var sum = 0f;
        for (var s = IsKeyMode ? highest : 0; s <= highest; s++)
        {
            for (var t = 0; t <= Math.Min(temporal, Temporals - 1); t++)
            {
                sum += Rate(Cell(s, t));
            }
        }

        return (long)sum;
    }

    /// <summary>What one spatial layer alone takes; bits per second.</summary>
    public long BitsPerSecondOf(Instant now, int spatial)
    {
        var isKeyMode = IsKeyMode;
        IsKeyMode = false;
        var bitrate = BitsPerSecond(now, spatial, Temporals - 1) - (spatial == 0 ? 0 : BitsPerSecond(now, spatial - 1, Temporals - 1));
        IsKeyMode = isKeyMode;
        return bitrate;
    }

    /// <summary>The highest temporal layer that flows in spatial layers up to this one.</summary>
    public int HighestTemporal(Instant now, int spatial)
    {
        var temporal = Temporals - 1;
        var all = BitsPerSecond(now, spatial, temporal);
        while (temporal > 0 && BitsPerSecond(now, spatial, temporal - 1) == all)
        {
            temporal--;
        }

        return temporal;
    }

    /// <summary>Another stream carries the encoding.</summary>
    public void Reset()
    {
        _octets = default;
        _ofKeyPictures = default;
        _rates = default;
        (_started, _measured, IsKeyMode) = (false, false, false);
    }

    private static int Cell(int spatial, int temporal) => (spatial * Temporals) + temporal;

    private bool Flows(int spatial)
    {
        for (var t = 0; t < Temporals; t++)
        {
            if (Rate(Cell(spatial, t)) >= 1)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Before the first window has ended, what came counts for the time that it took.</summary>
    private float Rate(int cell) => _measured ? _rates[cell] : (_octets[cell] * 8 / _age) + (_ofKeyPictures[cell] * 8 / KeyPictureLasts);

    private void Roll(Instant now)
    {
        var seconds = (float)(now - _since).TotalSeconds;
        for (var i = 0; i < Spatials * Temporals; i++)
        {
            var ofKeyPictures = _ofKeyPictures[i] * Math.Min(seconds / KeyPictureLasts, 1);
            _ofKeyPictures[i] -= ofKeyPictures;
            var rate = (_octets[i] + ofKeyPictures) * 8 / seconds;
            ref var smoothed = ref _rates[i];
            smoothed = _measured ? smoothed + ((rate - smoothed) * (rate > smoothed ? Rise : Fall)) : rate;
            smoothed = smoothed < 1 ? 0 : smoothed;
        }

        _octets = default;
        (_since, _measured) = (now, true);
    }

    /// <summary>Rates as they were at one time. A value.</summary>
    public struct State
    {
        internal Cells<int> Octets;
        internal Cells<float> OfKeyPictures;
        internal Cells<float> Rates;
        internal Instant Since;
        internal bool IsStarted;
        internal bool IsMeasured;
        internal bool IsKeyMode;
    }

    [InlineArray(Spatials * Temporals)]
    internal struct Cells<T>
    {
        private T _first;
    }
}
