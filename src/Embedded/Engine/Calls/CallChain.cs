using Orleans.Runtime;

namespace Nexus.Embedded.Calls;

/// <summary>Who waits for whom.</summary>
internal static class CallChain
{
    /// <summary>Whether <paramref name="target"/> waits, directly or through others, for what <paramref name="caller"/> does.</summary>
    public static bool Contains(Turn? caller, GrainId target)
    {
        for (var turn = caller; turn is not null; turn = turn.Caller)
        {
            if (turn.Grain.Equals(target))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The chain as text, outermost first.</summary>
    public static string Describe(Turn? innermost)
    {
        var chain = new List<string>();
        for (var turn = innermost; turn is not null; turn = turn.Caller)
        {
            chain.Add(turn.ToString()!);
        }

        chain.Reverse();
        return string.Join(" → ", chain);
    }
}
