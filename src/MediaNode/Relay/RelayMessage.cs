namespace Nexus.MediaNode.Relay;

/// <summary>What the ends of a link tell each other on its control channel; the first octet of each message.</summary>
internal enum RelayMessage : byte
{
    /// <summary>The first of all: the version, the node, the generation.</summary>
    Hello = 1,

    /// <summary>Down: a track there is, as <see cref="RelayedTrack"/> has it, and what is known of its layers.</summary>
    Track,

    /// <summary>Down: it has ended.</summary>
    End,

    /// <summary>Down: what is known of its layers now, of those too that do not cross: receivers beyond choose by it.</summary>
    Layers,

    /// <summary>Up: what is wanted of it from now on.</summary>
    Wish,

    /// <summary>Up: a sender of data is to wait; its receivers are behind.</summary>
    Pause,
}

/// <summary>What the far side wants of a track. A value.</summary>
/// <param name="HasSinks">Somebody there may want something: he goes by what is known of the layers.</param>
/// <param name="Encodings">A bit for each that is to cross.</param>
/// <param name="Spatial">The highest layer of an SVC stream that is to.</param>
internal readonly record struct RelayWish(bool HasSinks, uint Encodings, byte Spatial)
{
    public void Write(ref RelayWriter writer)
    {
        writer.Flag(HasSinks);
        writer.Octet((int)Encodings);
        writer.Octet(Spatial);
    }

    public static RelayWish Read(ref RelayReader reader) => new(reader.Flag(), (uint)reader.Octet(), (byte)reader.Octet());
}
