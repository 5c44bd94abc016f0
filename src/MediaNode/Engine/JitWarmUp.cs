using System.Reflection;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Engine;

/// <summary>
/// Compiles the packet path before the first packet. Hot methods are compiled once and for all (no tiers), which takes long
/// enough, all together, that the first client's first bandwidth probe would be measured as a stall and its first picture late.
/// </summary>
internal static class JitWarmUp
{
    private static int s_started;

    /// <summary>On a thread of its own, once per process; returns at once.</summary>
    public static void Start()
    {
        if (Interlocked.Exchange(ref s_started, 1) == 0)
        {
            new Thread(Run) { Name = "warm-up", IsBackground = true }.Start();
        }
    }

    private static void Run()
    {
        foreach (var type in typeof(JitWarmUp).Assembly.GetTypes())
        {
            if (!type.ContainsGenericParameters && IsOnPath(type.Namespace))
            {
                Prepare(type);
            }
        }
    }

    private static bool IsOnPath(string? name) =>
        name is not null && !name.StartsWith("Nexus.MediaNode.Link", StringComparison.Ordinal) && !name.EndsWith(".Diagnostics", StringComparison.Ordinal) && !name.EndsWith(".Sdp", StringComparison.Ordinal);

    private static void Prepare(Type type)
    {
        const BindingFlags Own =
            BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (var method in type.GetMethods(Own).Cast<MethodBase>().Concat(type.GetConstructors(Own)))
        {
            if (!method.IsAbstract && !method.ContainsGenericParameters && (method.Attributes & MethodAttributes.PinvokeImpl) == 0)
            {
                RuntimeHelpers.PrepareMethod(method.MethodHandle);
            }
        }
    }
}
