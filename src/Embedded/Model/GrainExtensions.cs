using Orleans.Runtime;

namespace Orleans;

/// <summary>Identity and references of grains and of references to them.</summary>
public static class GrainExtensions
{
    /// <summary>A reference to this grain that can be passed in calls.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) => (TGrainInterface)AsReference(grain, typeof(TGrainInterface));

    public static object AsReference(this IAddressable grain, Type interfaceType)
    {
        ArgumentNullException.ThrowIfNull(interfaceType);
        return ReferenceOf(grain).Cast(interfaceType);
    }

    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        Grain { GrainContext: { } context } => context.GrainId,
        GrainReference reference => reference.GrainId,
        IGrainBase { GrainContext: { } context } => context.GrainId,
        null => throw new ArgumentNullException(nameof(grain)),
        _ => throw new ArgumentException($"{grain.GetType()} is neither a grain nor a reference to one.", nameof(grain)),
    };

    /// <summary>The string key of the grain.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    private static GrainReference ReferenceOf(IAddressable grain) => grain switch
    {
        GrainReference reference => reference,
        IGrainBase { GrainContext: { } context } => context.GrainReference,
        null => throw new ArgumentNullException(nameof(grain)),
        _ => throw new ArgumentException($"{grain.GetType()} is neither a grain nor a reference to one.", nameof(grain)),
    };
}
