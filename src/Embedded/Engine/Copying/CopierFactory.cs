using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Nexus.Embedded.Copying;

/// <summary>A member that crosses; an auto-property comes as its backing field.</summary>
internal readonly record struct CrossingMember(MemberInfo Member, bool IsImmutable);

/// <summary>Decides how values of a type are copied.</summary>
internal static class CopierFactory
{
    private static readonly HashSet<Type> s_immutable =
    [
        typeof(string), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly),
        typeof(TimeOnly), typeof(Uri), typeof(Version), typeof(Int128), typeof(UInt128), typeof(Half),
        typeof(System.Numerics.BigInteger), typeof(System.Net.IPAddress), typeof(System.Net.IPEndPoint), typeof(Nothing),
    ];

    private static readonly Dictionary<Type, Type> s_collections = new()
    {
        [typeof(List<>)] = typeof(ListCopier<>),
        [typeof(Queue<>)] = typeof(QueueCopier<>),
        [typeof(Stack<>)] = typeof(StackCopier<>),
        [typeof(HashSet<>)] = typeof(HashSetCopier<>),
        [typeof(Dictionary<,>)] = typeof(DictionaryCopier<,>),
        [typeof(SortedDictionary<,>)] = typeof(SortedDictionaryCopier<,>),
        [typeof(Nullable<>)] = typeof(NullableCopier<>),
        [typeof(ImmutableArray<>)] = typeof(ImmutableArrayCopier<>),
        [typeof(ImmutableList<>)] = typeof(ImmutableListCopier<>),
        [typeof(ImmutableHashSet<>)] = typeof(ImmutableHashSetCopier<>),
        [typeof(ImmutableDictionary<,>)] = typeof(ImmutableDictionaryCopier<,>),
        [typeof(ImmutableSortedDictionary<,>)] = typeof(ImmutableSortedDictionaryCopier<,>),
    };

    // Framework structs that cross by all of their fields.
    private static readonly HashSet<Type> s_plainGenerics =
    [
        typeof(KeyValuePair<,>), typeof(ValueTuple<>), typeof(ValueTuple<,>), typeof(ValueTuple<,,>), typeof(ValueTuple<,,,>),
        typeof(ValueTuple<,,,,>), typeof(ValueTuple<,,,,,>), typeof(ValueTuple<,,,,,,>),
    ];

    private static readonly ShallowCopier<object> s_asIs = new();
    private static readonly ConcurrentDictionary<Type, bool> s_shallow = new();

    public static Copier Create(Type type)
    {
        if (IsShallow(type))
        {
            return Make(typeof(ShallowCopier<>), type);
        }

        if (type == typeof(byte[]))
        {
            return new ArrayCopier<byte>();
        }

        if (type.IsValueType || type.IsSealed)
        {
            return Exact(type) ?? throw NotFound(type);
        }

        var copier = typeof(PolymorphicCopier<>).MakeGenericType(type);
        return (Copier)Activator.CreateInstance(copier, type.IsAbstract || type.IsInterface ? null : Exact(type))!;
    }

    /// <summary>The copier for a value of exactly this type.</summary>
    public static Copier ForValue(Type type, object value) => value switch
    {
        GrainReference or Exception => s_asIs,
        IAddressable => throw new CodecNotFoundException(
            $"{type} was passed itself. Pass a reference: this.AsReference<I>() for a grain, CreateObjectReference<I>(o) for an observer."),
        _ => Copier.For(type),
    };

    public static CodecNotFoundException NotFound(Type type) => new(
        $"Could not find a copier for type {type}. Mark it [GenerateSerializer], and the members that shall cross [Id(n)].");

    /// <summary>Whether values of this type can be shared between grains because nobody can change them.</summary>
    public static bool IsShallow(Type type) => s_shallow.GetOrAdd(type, static t => DecideShallow(t));

    private static bool DecideShallow(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || s_immutable.Contains(type) || typeof(Exception).IsAssignableFrom(type))
        {
            return true;
        }

        if (type.IsDefined(typeof(ImmutableAttribute), inherit: false))
        {
            return true;
        }

        if (!type.IsGenericType)
        {
            return false;
        }

        var definition = type.GetGenericTypeDefinition();
        return (IsImmutableCollection(definition) || definition == typeof(Nullable<>) || s_plainGenerics.Contains(definition))
            && Array.TrueForAll(type.GetGenericArguments(), IsShallow);
    }

    private static bool IsPlain(Type type) => type.IsGenericType && s_plainGenerics.Contains(type.GetGenericTypeDefinition());

    private static bool IsImmutableCollection(Type definition)
        => definition.Namespace == "System.Collections.Immutable" && s_collections.ContainsKey(definition);

    private static Copier? Exact(Type type)
    {
        if (type.IsArray)
        {
            return type.GetArrayRank() == 1 ? Make(typeof(ArrayCopier<>), type.GetElementType()!) : null;
        }

        if (type.IsGenericType && s_collections.TryGetValue(type.GetGenericTypeDefinition(), out var collection))
        {
            return Make(collection, type.GetGenericArguments());
        }

        if (IsPlain(type))
        {
            return Make(typeof(MemberCopier<>), type);
        }

        return type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) ? Make(typeof(MemberCopier<>), type) : null;
    }

    private static Copier Make(Type definition, params Type[] arguments)
    {
        try
        {
            return (Copier)Activator.CreateInstance(definition.MakeGenericType(arguments))!;
        }
        catch (TargetInvocationException e) when (e.InnerException is CodecNotFoundException inner)
        {
            throw inner;
        }
    }

    /// <summary>The members that cross, base types first.</summary>
    /// <exception cref="CodecNotFoundException">A base type may not cross, or a member cannot be set.</exception>
    public static IEnumerable<CrossingMember> MembersOf(Type type)
    {
        const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        if (IsPlain(type))
        {
            return type.GetFields(Declared).Select(field => new CrossingMember(field, IsImmutable: false));
        }

        var members = new List<CrossingMember>();
        for (var level = type; level is not null && level != typeof(object) && level != typeof(ValueType); level = level.BaseType)
        {
            if (!level.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
            {
                throw NotFound(level);
            }

            var positional = PositionalProperties(level);
            foreach (var property in level.GetProperties(Declared))
            {
                if (property.IsDefined(typeof(IdAttribute)) || positional.Contains(property.Name))
                {
                    members.Add(new(BackingField(property) ?? (MemberInfo)property, property.IsDefined(typeof(ImmutableAttribute))));
                }
            }

            members.AddRange(
                from field in level.GetFields(Declared)
                where field.IsDefined(typeof(IdAttribute))
                select new CrossingMember(field, field.IsDefined(typeof(ImmutableAttribute))));
        }

        return members;
    }

    private static FieldInfo? BackingField(PropertyInfo property) => property.DeclaringType!.GetField(
        $"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);

    // The parameters of a record's primary constructor cross without [Id], as with Orleans.
    private static HashSet<string> PositionalProperties(Type type)
    {
        var isRecord = type.GetMethod("<Clone>$", BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly) is not null
            || (type.IsValueType && type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is { } print
                && print.IsDefined(typeof(CompilerGeneratedAttribute)));
        if (!isRecord)
        {
            return [];
        }

        // Only a primary constructor comes with a Deconstruct that has the same parameters.
        var deconstruct = type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .FirstOrDefault(method => method.Name == "Deconstruct" && method.IsDefined(typeof(CompilerGeneratedAttribute)));
        return deconstruct is null ? [] : [.. deconstruct.GetParameters().Select(parameter => parameter.Name!)];
    }
}
