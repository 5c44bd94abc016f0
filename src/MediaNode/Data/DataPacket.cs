using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Data;

/// <summary>
/// The envelope of every data message (<c>DataPacket</c> of livekit_models.proto), as far as a router needs it: who it is from, whom
/// it is for, and its number. What it carries is the clients' business and goes through as it is, unknown fields included.
/// A view of the octets it was parsed from.
/// </summary>
public readonly ref struct DataPacket
{
    private readonly ReadOnlySpan<byte> _octets;
    private readonly bool _namesIdentities;

    private DataPacket(ReadOnlySpan<byte> octets, uint sequence, bool wantsReceipt, bool hasDestinations, bool namesIdentities)
    {
        _octets = octets;
        _namesIdentities = namesIdentities;
        Sequence = sequence;
        WantsReceipt = wantsReceipt;
        HasDestinations = hasDestinations;
    }

    /// <summary>Octets that <see cref="Write"/> adds at most, beside names: tags and lengths of five fields.</summary>
    private const int Overhead = 32;

    /// <summary>Rises by one with each reliable message of a sender; 0 when it does not count.</summary>
    public uint Sequence { get; }

    /// <summary>Its sender wants to be told what becomes of it (<see cref="DataReceipt"/>).</summary>
    public bool WantsReceipt { get; }

    /// <summary>False: it is for everyone in the room.</summary>
    public bool HasDestinations { get; }

    /// <summary>Whom it is for. Names may be repeated, or be nobody's.</summary>
    public DataDestinations Destinations => new(_octets, _namesIdentities);

    /// <summary>
    /// Reads a message. Refused, beside what is no protobuf, is what only servers say (active speakers, receipts) and what no client
    /// asked for (metrics).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryParse(ReadOnlySpan<byte> octets, out DataPacket packet)
    {
        packet = default;
        var sequence = 0u;
        bool destinations = false, identities = false, hasUser = false, receipt = false;
        var fields = new ProtobufFields(octets);
        while (fields.MoveNext())
        {
            if (fields.Number is Field.Speaker or Field.Metrics or Field.Receipt)
            {
                return DropReason.DataNotRouted;
            }

            if (TypeOf(fields.Number) is { } expected && fields.Type != expected)
            {
                return DropReason.DataMalformed;
            }

            switch (fields.Number)
            {
                case Field.Sequence:
                    sequence = (uint)fields.Value;
                    break;
                case Field.ReceiptWanted:
                    receipt = fields.Value != 0;
                    break;
                case Field.DestinationIdentities:
                    destinations = identities = true;
                    break;
                case Field.User when hasUser || !TryCheckUser(fields.Content, ref destinations):
                    return DropReason.DataMalformed; // a second one would grow as the first does
                case Field.User:
                    hasUser = true;
                    break;
                default:
                    break;
            }
        }

        if (fields.IsMalformed)
        {
            return DropReason.DataMalformed;
        }

        packet = new DataPacket(octets, sequence, receipt, destinations, identities);
        return DropReason.None;
    }

    /// <summary>Room that <see cref="Write"/> may need.</summary>
    public int MaxLength(in DataSender sender) => _octets.Length + (2 * (sender.Identity.Length + sender.Sid.Length)) + Overhead;

    /// <summary>
    /// Writes the message as receivers are to get it: the kind is its channel's and the sender's names are the room's, whatever the
    /// sender wrote, here and in the older places for them; everything else is as it was, in its order.
    /// </summary>
    /// <returns>Octets written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Write(in DataSender sender, bool isReliable, Span<byte> destination)
    {
        var writer = new ProtobufWriter(destination);
        if (!isReliable)
        {
            writer.Varint(Field.Kind, 1);
        }

        bool identified = false, sidWritten = false;
        var fields = new ProtobufFields(_octets);
        while (fields.MoveNext())
        {
            // ours go where an encoder that follows the numbers would put them
            if (!identified && fields.Number >= Field.ParticipantIdentity)
            {
                identified = WriteName(ref writer, Field.ParticipantIdentity, sender.Identity);
            }

            if (!sidWritten && fields.Number >= Field.ParticipantSid)
            {
                sidWritten = WriteName(ref writer, Field.ParticipantSid, sender.Sid);
            }

            switch (fields.Number)
            {
                case Field.Kind or Field.ParticipantIdentity or Field.ParticipantSid or Field.ReceiptWanted:
                    break;
                case Field.User:
                    WriteUser(ref writer, fields.Content, sender);
                    break;
                default:
                    writer.Append(fields.Whole);
                    break;
            }
        }

        _ = identified || WriteName(ref writer, Field.ParticipantIdentity, sender.Identity);
        _ = sidWritten || WriteName(ref writer, Field.ParticipantSid, sender.Sid);
        return writer.Length;
    }

    private static void WriteUser(ref ProtobufWriter writer, ReadOnlySpan<byte> user, in DataSender sender)
    {
        writer.Begin(Field.User, LengthOfUser(user, sender));
        WriteName(ref writer, Field.UserParticipantSid, sender.Sid);
        var identified = false;
        var fields = new ProtobufFields(user);
        while (fields.MoveNext())
        {
            if (!identified && fields.Number >= Field.UserParticipantIdentity)
            {
                identified = WriteName(ref writer, Field.UserParticipantIdentity, sender.Identity);
            }

            if (fields.Number is not (Field.UserParticipantSid or Field.UserParticipantIdentity))
            {
                writer.Append(fields.Whole);
            }
        }

        _ = identified || WriteName(ref writer, Field.UserParticipantIdentity, sender.Identity);
    }

    private static int LengthOfUser(ReadOnlySpan<byte> user, in DataSender sender)
    {
        var length = SizeOfName(Field.UserParticipantSid, sender.Sid) + SizeOfName(Field.UserParticipantIdentity, sender.Identity);
        var fields = new ProtobufFields(user);
        while (fields.MoveNext())
        {
            length += fields.Number is Field.UserParticipantSid or Field.UserParticipantIdentity ? 0 : fields.Whole.Length;
        }

        return length;
    }

    /// <summary>proto3 leaves out what is empty.</summary>
    private static bool WriteName(ref ProtobufWriter writer, int number, ReadOnlySpan<byte> name)
    {
        if (!name.IsEmpty)
        {
            writer.Bytes(number, name);
        }

        return true;
    }

    private static int SizeOfName(int number, ReadOnlySpan<byte> name) =>
        name.IsEmpty ? 0 : ProtobufWriter.SizeOfBytes(number, name.Length);

    private static bool TryCheckUser(ReadOnlySpan<byte> user, ref bool hasDestinations)
    {
        var fields = new ProtobufFields(user);
        while (fields.MoveNext())
        {
            if (fields.Number <= Field.UserDestinationIdentities && fields.Type != WireType.Bytes)
            {
                return false;
            }

            hasDestinations |= fields.Number is Field.UserDestinationSids or Field.UserDestinationIdentities;
        }

        return !fields.IsMalformed;
    }

    /// <summary>How a field that matters here must be written; null for all others.</summary>
    private static WireType? TypeOf(int number) => number switch
    {
        Field.Kind or Field.Sequence or Field.ReceiptWanted => WireType.Varint,
        Field.User or Field.ParticipantIdentity or Field.DestinationIdentities or Field.ParticipantSid => WireType.Bytes,
        _ => null,
    };

    /// <summary>Numbers of livekit_models.proto, and two of ours that are far from them.</summary>
    internal static class Field
    {
        public const int Kind = 1;
        public const int User = 2;
        public const int Speaker = 3;
        public const int ParticipantIdentity = 4;
        public const int DestinationIdentities = 5;
        public const int Metrics = 8;
        public const int Sequence = 16;
        public const int ParticipantSid = 17;
        public const int ReceiptWanted = 1000;
        public const int Receipt = 1001;

        // UserPacket: where clients of before 2023 look for names
        public const int UserParticipantSid = 1;
        public const int UserDestinationSids = 3;
        public const int UserParticipantIdentity = 5;
        public const int UserDestinationIdentities = 6;
    }
}

/// <summary>Names that receivers are told, as UTF-8; the identity of one who is hidden is empty.</summary>
public readonly ref struct DataSender(ReadOnlySpan<byte> identity, ReadOnlySpan<byte> sid)
{
    public ReadOnlySpan<byte> Identity { get; } = identity;

    public ReadOnlySpan<byte> Sid { get; } = sid;
}

/// <summary>Whom a message is for: its identities, those of the older place when there are none, and the sids of the older place.</summary>
public ref struct DataDestinations
{
    private readonly bool _namesIdentities;
    private ProtobufFields _fields;
    private ProtobufFields _user;

    internal DataDestinations(ReadOnlySpan<byte> packet, bool namesIdentities)
    {
        _namesIdentities = namesIdentities;
        _fields = new ProtobufFields(packet);
    }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary><see cref="Name"/> is a participant's sid, not an identity.</summary>
    public bool IsSid { get; private set; }

    public bool MoveNext()
    {
        while (true)
        {
            while (_user.MoveNext())
            {
                IsSid = _user.Number == DataPacket.Field.UserDestinationSids;
                if (IsSid || (_user.Number == DataPacket.Field.UserDestinationIdentities && !_namesIdentities))
                {
                    Name = _user.Content;
                    return true;
                }
            }

            if (!_fields.MoveNext())
            {
                return false;
            }

            if (_fields.Number == DataPacket.Field.DestinationIdentities)
            {
                Name = _fields.Content;
                IsSid = false;
                return true;
            }

            _user = _fields.Number == DataPacket.Field.User ? new ProtobufFields(_fields.Content) : default;
        }
    }
}
