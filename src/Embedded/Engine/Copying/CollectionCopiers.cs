using System.Collections.Immutable;

namespace Nexus.Embedded.Copying;

internal sealed class NullableCopier<T> : Copier<T?> where T : struct
{
    public override T? Copy(T? value, CopyContext context) => value is { } inner ? Copier<T>.Instance.Copy(inner, context) : null;
}

internal sealed class ArrayCopier<T> : Copier<T[]>
{
    public override T[] Copy(T[] value, CopyContext context)
    {
        if (value is null)
        {
            return null!;
        }

        if (context.TryGet(value, out var copy))
        {
            return copy;
        }

        copy = (T[])value.Clone();
        context.Record(value, copy);
        var element = Copier<T>.Instance;
        if (!element.IsShallow)
        {
            for (var i = 0; i < copy.Length; i++)
            {
                copy[i] = element.Copy(copy[i], context);
            }
        }

        return copy;
    }
}

/// <summary>A mutable collection: made empty, recorded, then filled, so that cycles through it end.</summary>
internal abstract class CollectionCopier<TCollection, TItem> : Copier<TCollection>
    where TCollection : class, IEnumerable<TItem>
{
    public sealed override TCollection Copy(TCollection value, CopyContext context)
    {
        if (value is null)
        {
            return null!;
        }

        if (context.TryGet(value, out var copy))
        {
            return copy;
        }

        copy = Empty(value);
        context.Record(value, copy);
        Fill(copy, value, context);
        return copy;
    }

    protected abstract TCollection Empty(TCollection like);

    protected abstract void Fill(TCollection copy, TCollection original, CopyContext context);
}

internal sealed class ListCopier<T> : CollectionCopier<List<T>, T>
{
    protected override List<T> Empty(List<T> like) => new(like.Count);

    protected override void Fill(List<T> copy, List<T> original, CopyContext context)
    {
        var element = Copier<T>.Instance;
        if (element.IsShallow)
        {
            copy.AddRange(original);
            return;
        }

        foreach (var item in original)
        {
            copy.Add(element.Copy(item, context));
        }
    }
}

internal sealed class QueueCopier<T> : CollectionCopier<Queue<T>, T>
{
    protected override Queue<T> Empty(Queue<T> like) => new(like.Count);

    protected override void Fill(Queue<T> copy, Queue<T> original, CopyContext context)
    {
        foreach (var item in original)
        {
            copy.Enqueue(Copier<T>.Instance.Copy(item, context));
        }
    }
}

internal sealed class StackCopier<T> : CollectionCopier<Stack<T>, T>
{
    protected override Stack<T> Empty(Stack<T> like) => new(like.Count);

    protected override void Fill(Stack<T> copy, Stack<T> original, CopyContext context)
    {
        foreach (var item in original.Reverse())
        {
            copy.Push(Copier<T>.Instance.Copy(item, context));
        }
    }
}

internal sealed class HashSetCopier<T> : CollectionCopier<HashSet<T>, T>
{
    protected override HashSet<T> Empty(HashSet<T> like) => new(like.Count, like.Comparer);

    protected override void Fill(HashSet<T> copy, HashSet<T> original, CopyContext context)
    {
        foreach (var item in original)
        {
            copy.Add(Copier<T>.Instance.Copy(item, context));
        }
    }
}

internal sealed class DictionaryCopier<TKey, TValue> : CollectionCopier<Dictionary<TKey, TValue>, KeyValuePair<TKey, TValue>>
    where TKey : notnull
{
    protected override Dictionary<TKey, TValue> Empty(Dictionary<TKey, TValue> like) => new(like.Count, like.Comparer);

    protected override void Fill(Dictionary<TKey, TValue> copy, Dictionary<TKey, TValue> original, CopyContext context)
    {
        foreach (var (key, value) in original)
        {
            copy.Add(Copier<TKey>.Instance.Copy(key, context), Copier<TValue>.Instance.Copy(value, context));
        }
    }
}

internal sealed class SortedDictionaryCopier<TKey, TValue> : CollectionCopier<SortedDictionary<TKey, TValue>, KeyValuePair<TKey, TValue>>
    where TKey : notnull
{
    protected override SortedDictionary<TKey, TValue> Empty(SortedDictionary<TKey, TValue> like) => new(like.Comparer);

    protected override void Fill(SortedDictionary<TKey, TValue> copy, SortedDictionary<TKey, TValue> original, CopyContext context)
    {
        foreach (var (key, value) in original)
        {
            copy.Add(Copier<TKey>.Instance.Copy(key, context), Copier<TValue>.Instance.Copy(value, context));
        }
    }
}

// Immutable collections come here only when their elements are mutable.
internal sealed class ImmutableArrayCopier<T> : Copier<ImmutableArray<T>>
{
    public override ImmutableArray<T> Copy(ImmutableArray<T> value, CopyContext context)
        => value.IsDefault ? value : [.. value.Select(item => Copier<T>.Instance.Copy(item, context))];
}

internal sealed class ImmutableListCopier<T> : Copier<ImmutableList<T>>
{
    public override ImmutableList<T> Copy(ImmutableList<T> value, CopyContext context)
        => value is null ? null! : [.. value.Select(item => Copier<T>.Instance.Copy(item, context))];
}

internal sealed class ImmutableHashSetCopier<T> : Copier<ImmutableHashSet<T>>
{
    public override ImmutableHashSet<T> Copy(ImmutableHashSet<T> value, CopyContext context)
        => value?.Select(item => Copier<T>.Instance.Copy(item, context)).ToImmutableHashSet(value.KeyComparer)!;
}

internal sealed class ImmutableDictionaryCopier<TKey, TValue> : Copier<ImmutableDictionary<TKey, TValue>> where TKey : notnull
{
    public override ImmutableDictionary<TKey, TValue> Copy(ImmutableDictionary<TKey, TValue> value, CopyContext context)
        => value?.ToImmutableDictionary(
            pair => Copier<TKey>.Instance.Copy(pair.Key, context),
            pair => Copier<TValue>.Instance.Copy(pair.Value, context),
            value.KeyComparer)!;
}

internal sealed class ImmutableSortedDictionaryCopier<TKey, TValue> : Copier<ImmutableSortedDictionary<TKey, TValue>> where TKey : notnull
{
    public override ImmutableSortedDictionary<TKey, TValue> Copy(ImmutableSortedDictionary<TKey, TValue> value, CopyContext context)
        => value?.ToImmutableSortedDictionary(
            pair => Copier<TKey>.Instance.Copy(pair.Key, context),
            pair => Copier<TValue>.Instance.Copy(pair.Value, context),
            value.KeyComparer)!;
}
