using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Core;

/// <summary>
/// A roster in parts, each of which one message can carry: bounded in people and in octets, and never empty-handed. Pure.
/// </summary>
public static class RosterPages
{
    public const int MostPeople = 200;

    /// <summary>By <see cref="Octets(ParticipantView)"/>; one person alone may be more.</summary>
    public const int MostOctets = 256 * 1024;

    /// <summary>What numbers, names of fields and times come to, at most.</summary>
    private const int Frame = 256;

    /// <summary>The first part of those people, and whether there are more.</summary>
    public static (ImmutableArray<ParticipantView> Page, bool HasMore) First(IEnumerable<ParticipantView> people)
    {
        var page = ImmutableArray.CreateBuilder<ParticipantView>();
        long octets = 0;
        foreach (ParticipantView participant in people)
        {
            octets += Octets(participant);
            if (page.Count == MostPeople || (page.Count > 0 && octets > MostOctets))
            {
                return (page.ToImmutable(), true);
            }

            page.Add(participant);
        }

        return (page.ToImmutable(), false);
    }

    /// <summary>All parts, one by one as they are asked for.</summary>
    public static IEnumerable<ImmutableArray<ParticipantView>> Cut(ImmutableArray<ParticipantView> people)
    {
        for (int at = 0; at < people.Length;)
        {
            ImmutableArray<ParticipantView> page = First(people.Skip(at)).Page;
            yield return page;
            at += page.Length;
        }
    }

    /// <summary>What a participant comes to in a message, at most, in any protocol that we speak.</summary>
    public static long Octets(ParticipantView participant) => Frame
        + Octets(participant.Identity) + Octets(participant.Name) + Octets(participant.Metadata) + Octets(participant.Client)
        + participant.Attributes.Sum(a => Octets(a.Key) + Octets(a.Value))
        + participant.Tracks.Sum(t => Frame + Octets(t.Name) + Octets(t.Details) + ((long)Frame / 4 * t.Layers.Length));

    /// <summary>In JSON a character that is escaped has six octets; UTF-8 has three at most.</summary>
    private static long Octets(string text)
    {
        int odd = 0;
        foreach (char c in text)
        {
            odd += c is < ' ' or > '~' or '"' or '\\' ? 1 : 0;
        }

        return text.Length + (5L * odd);
    }
}
