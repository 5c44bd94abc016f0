using System.Collections.Concurrent;
using System.Reflection;

namespace Nexus.Embedded.Copying;

/// <summary>Copies values of one type the way a trip over the wire would: members with an id cross, others don't.</summary>
internal abstract class Copier
{
    private static readonly ConcurrentDictionary<Type, Copier> s_byType = new();

    /// <summary>Whether a copy is the value itself.</summary>
    public abstract bool IsShallow { get; }

    public abstract object? CopyBoxed(object? value, CopyContext context);

    /// <summary>The copier for values declared as <paramref name="type"/>.</summary>
    /// <exception cref="Orleans.Serialization.CodecNotFoundException">Values of this type cannot cross.</exception>
    public static Copier For(Type type) => s_byType.GetOrAdd(type, static t =>
    {
        try
        {
            return (Copier)typeof(Copier<>).MakeGenericType(t).GetProperty(nameof(Copier<int>.Instance))!.GetValue(null)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            throw inner;
        }
    });

    /// <summary>Copies one value by its declared type.</summary>
    public static T Copy<T>(T value)
    {
        var copier = Copier<T>.Instance;
        if (copier.IsShallow)
        {
            return value;
        }

        var context = CopyContext.Rent();
        try
        {
            return copier.Copy(value, context);
        }
        finally
        {
            context.Return();
        }
    }

    /// <summary>What compiled member copiers call.</summary>
    internal static T CopyMember<T>(T value, CopyContext context) => Copier<T>.Instance.Copy(value, context);
}

/// <inheritdoc cref="Copier"/>
internal abstract class Copier<T> : Copier
{
    private static Copier<T>? s_instance;

    public static Copier<T> Instance => s_instance ??= (Copier<T>)CopierFactory.Create(typeof(T));

    public abstract T Copy(T value, CopyContext context);

    public override bool IsShallow => false;

    public override object? CopyBoxed(object? value, CopyContext context) => value is null ? null : Copy((T)value, context);
}

/// <summary>For values that nobody can change.</summary>
internal sealed class ShallowCopier<T> : Copier<T>
{
    public override bool IsShallow => true;

    public override T Copy(T value, CopyContext context) => value;

    public override object? CopyBoxed(object? value, CopyContext context) => value;
}

/// <summary>For declared types whose values may be of a derived type: chooses by the value.</summary>
internal sealed class PolymorphicCopier<T>(Copier<T>? exact) : Copier<T> where T : class
{
    public override T Copy(T value, CopyContext context)
    {
        if (value is null)
        {
            return null!;
        }

        var type = value.GetType();
        return type == typeof(T)
            ? (exact ?? throw CopierFactory.NotFound(type)).Copy(value, context)
            : (T)CopierFactory.ForValue(type, value).CopyBoxed(value, context)!;
    }
}
